//! Three listeners, a thread a connection, and who answers what.

use std::error::Error;
use std::fs;
use std::io::{self, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

use crate::serve::cases::Active;
use crate::serve::definitions::{Pull, SECRETS, sources};
use crate::serve::http::{Kind, Request, Response};
use crate::serve::site::{Origins, Site, Visit};
use crate::serve::wire::{self, Line};
use crate::serve::{control, files, gateway, jobs, session, token};

/// A connection on which nothing comes is closed.
const PATIENCE: Duration = Duration::from_mins(1);

pub struct Options {
    pub listen: SocketAddr,
    pub seed: u64,
    pub years: Vec<u16>,
    pub faults: Vec<Active>,
    pub log: Option<PathBuf>,
    /// Certificate chain and key.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Where definitions are written.
    pub sources: Option<PathBuf>,
    pub pulls: Vec<Pull>,
    pub until_stdin_closes: bool,
}

/// Listens, says where on standard output, and serves until it is ended.
pub fn serve(options: Options) -> Result<(), Box<dyn Error>> {
    let tls = options.tls.as_ref().map(|(chain, key)| tls(chain, key)).transpose()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    // A server that is started again is where it was, with all its origins.
    let port = |number: u16| {
        if options.listen.port() == 0 { 0 } else { options.listen.port().saturating_add(number) }
    };
    let bind = |number: u16| TcpListener::bind((options.listen.ip(), port(number)));
    let listeners = [("main", bind(0)?), ("files", bind(1)?), ("stranger", bind(2)?)];
    let [main, files, stranger] = [0, 1, 2].map(|index: usize| {
        let address = listeners[index].1.local_addr();
        address.map(|address| format!("{scheme}://{address}"))
    });
    let origins = Origins { main: main?, files: files?, stranger: stranger? };
    if let Some(path) = &options.sources {
        fs::write(path, sources(&options.pulls, &origins, &options.years))?;
    }
    let site =
        Site::new(options.seed, options.years, options.faults, origins.clone(), options.log.as_deref())?;
    prepare(&site, &options.pulls);
    let site = Arc::new(site);
    for (name, listener) in listeners {
        let (site, tls) = (site.clone(), tls.clone());
        thread::spawn(move || accept(&site, name, &listener, tls.as_ref()));
    }
    let environment: serde_json::Map<_, _> =
        SECRETS.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let ready = json!({
        "base": origins.main,
        "files": origins.files,
        "stranger": origins.stranger,
        "pid": std::process::id(),
        "env": environment,
    });
    writeln!(io::stdout(), "{ready}")?;
    io::stdout().flush()?;
    if options.until_stdin_closes {
        io::copy(&mut io::stdin(), &mut io::sink())?;
        return Ok(());
    }
    loop {
        thread::park();
    }
}

/// Makes what will be asked for, so that the first request does not wait.
fn prepare(site: &Site, pulls: &[Pull]) {
    for pull in pulls {
        for &year in &site.years {
            if pull.is_of_files() {
                site.files(pull.dataset, year);
            } else {
                site.records(pull.dataset, year);
            }
        }
    }
}

fn tls(chain: &Path, key: &Path) -> Result<Arc<ServerConfig>, Box<dyn Error>> {
    let chain = CertificateDer::pem_file_iter(chain)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(Arc::new(versions.with_no_client_auth().with_single_cert(chain, key)?))
}

fn accept(site: &Arc<Site>, origin: &'static str, listener: &TcpListener, tls: Option<&Arc<ServerConfig>>) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        let (site, tls) = (site.clone(), tls.cloned());
        // The other side hangs up as it likes.
        thread::spawn(move || {
            let _ = connection(&site, origin, stream, tls);
        });
    }
}

fn connection(
    site: &Site,
    origin: &str,
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
) -> Result<(), Box<dyn Error>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let socket = stream.try_clone()?;
    match tls {
        None => converse(site, origin, stream, &socket)?,
        Some(config) => {
            let session = ServerConnection::new(config)?;
            converse(site, origin, StreamOwned::new(session, stream), &socket)?;
        }
    }
    Ok(())
}

/// One request after the other on one connection.
fn converse(site: &Site, origin: &str, stream: impl Read + Write, socket: &TcpStream) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = Request::read(&mut stream)? {
        let visit = Visit::new(site, &request);
        let answer = if origin == "stranger" {
            Response::html(200, Kind::Control, "stranger")
        } else {
            route(&visit, origin)
        };
        let goes_on = wire::send(&visit, origin, answer, &mut Line { out: stream.get_mut(), socket })?;
        let ends = request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        if !goes_on || ends {
            break;
        }
    }
    Ok(())
}

fn route(visit: &Visit, origin: &str) -> Response {
    let path = visit.request.path.as_str();
    if let Some(path) = path.strip_prefix("/download/") {
        return jobs::fetch(visit, path);
    }
    let dialect = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let rest = path.get(1 + dialect.len()..).unwrap_or_default();
    match (origin, dialect) {
        ("main", "control") => control::answer(visit.site, visit.request),
        ("main", "gateway") => gateway::answer(visit, rest),
        ("main", "token") => token::answer(visit, rest),
        ("main", "session") => session::answer(visit, rest),
        ("main", "jobs") => jobs::answer(visit, rest),
        ("main", "files") => files::answer(visit, rest),
        _ => Response::html(404, Kind::Word, "404"),
    }
}
