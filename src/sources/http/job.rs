//! An export job: begun, waited for, its files fetched.

use serde_json::Value;
use tokio::time::Instant;

use super::definition::{Ask, Create, ErrorKind, Files, Find, Poll, Pull};
use super::failure::{Cause, Failure, FailureClass};
use super::listed;
use super::paged::{Progress, Pulled};
use super::session::Session;
use super::store::{JobIntent, PullState, Store};
use super::template::Variables;
use crate::period::ReportYear;

/// How often the state of a job is asked for again because the address of a file has run out.
const NEW_ADDRESSES_MAX: u32 = 2;

/// The job of a pull of a year.
pub struct Job<'j> {
    pub source: &'j str,
    pub pull: &'j Pull,
    pub create: &'j Create,
    pub poll: &'j Poll,
    pub files: &'j Files,
    pub year: ReportYear,
    pub now: &'j str,
}

impl Job<'_> {
    /// Pulls a year. A job that an earlier process began is gone on with.
    ///
    /// # Errors
    /// Every class of failure.
    pub async fn run(
        &self,
        session: &Session<'_>,
        before: &PullState,
        store: &Store<'_>,
        progress: Progress<'_>,
    ) -> Result<Pulled, Failure> {
        let id = match &before.job {
            Some(JobIntent { id: Some(id), .. }) => id.clone(),
            Some(JobIntent { id: None, .. }) => match self.find(session).await? {
                Some(id) => id,
                None => self.begin(session, before, store).await?,
            },
            None => self.begin(session, before, store).await?,
        };
        self.note(before, store, Some(JobIntent { begun: self.now.to_owned(), id: Some(id.clone()) }))?;
        let fetched = self.wait_and_fetch(session, &id, before, store, progress).await;
        // A job that failed, or whose files are not what it says, is not gone on with.
        let is_over = fetched.as_ref().is_err_and(|failure| failure.class != FailureClass::Transient);
        if is_over {
            self.note(before, store, None)?;
        }
        fetched
    }

    fn note(&self, before: &PullState, store: &Store<'_>, job: Option<JobIntent>) -> Result<(), Failure> {
        let state = PullState { job, ..before.clone() };
        store
            .keep_state(self.source, &self.pull.name, self.year, &state)
            .map_err(|error| Failure::transient(format!("the job cannot be noted: {error}")))
    }

    fn variables(&self) -> Variables {
        Variables::from([("year".to_owned(), self.year.to_string())])
    }

    /// Begins a job. That it is to be begun is written down first, so that a process that dies here does not begin
    /// a second one the next time.
    async fn begin(
        &self,
        session: &Session<'_>,
        before: &PullState,
        store: &Store<'_>,
    ) -> Result<String, Failure> {
        self.note(before, store, Some(JobIntent { begun: self.now.to_owned(), id: None }))?;
        let Create { post, query, json, form, id } = self.create;
        let ask = Ask {
            get: None,
            post: Some(post.clone()),
            query: query.clone(),
            json: json.clone(),
            form: form.clone(),
        };
        match session.ask(&ask, &self.variables()).await {
            Ok(value) => id.text(&value).ok_or_else(|| Failure::unproven("a job was begun, and has no id")),
            // One that exists is taken over: another process began it.
            Err(failure) => match self.find(session).await? {
                Some(id) if failure.cause == Some(Cause::Said(ErrorKind::Exists)) => Ok(id),
                _ => Err(failure),
            },
        }
    }

    /// The newest job that the platform lists.
    async fn find(&self, session: &Session<'_>) -> Result<Option<String>, Failure> {
        let Some(Find { get, query, rows, id, state }) = &self.pull.find else { return Ok(None) };
        let ask = Ask { get: Some(get.clone()), query: query.clone(), ..Ask::default() };
        let value = session.ask(&ask, &self.variables()).await?;
        let is_over = |row: &Value| {
            let state = state.as_ref().and_then(|path| path.text(row));
            state.is_some_and(|state| self.poll.failed.contains(&state))
        };
        let jobs = rows.list(&value).unwrap_or_default();
        Ok(jobs.iter().find(|row| !is_over(row)).and_then(|row| id.text(row)))
    }

    async fn wait_and_fetch(
        &self,
        session: &Session<'_>,
        id: &str,
        before: &PullState,
        store: &Store<'_>,
        progress: Progress<'_>,
    ) -> Result<Pulled, Failure> {
        let mut addresses = 0;
        loop {
            let done = self.wait(session, id).await?;
            let offered = listed::offered(self.files, &done)?;
            if offered.is_empty() && !self.pull.may_be_empty {
                return Err(Failure::harmful(format!("the job of {} has no files", self.year)));
            }
            match listed::fetch_all(session, &offered, before, store, progress).await {
                // The address of a file is good for a while only.
                Err(failure) if is_out_of_date(&failure) && addresses < NEW_ADDRESSES_MAX => addresses += 1,
                fetched => return fetched,
            }
        }
    }

    /// The answer that says that the job is done, with all its files.
    async fn wait(&self, session: &Session<'_>, id: &str) -> Result<Value, Failure> {
        let Poll { get, query, state, done, failed, every, most, count } = self.poll;
        let mut variables = self.variables();
        variables.insert("job".to_owned(), id.to_owned());
        let ask = Ask { get: Some(get.clone()), query: query.clone(), ..Ask::default() };
        let begun = Instant::now();
        loop {
            let value = session.ask(&ask, &variables).await?;
            let state = state.text(&value).unwrap_or_default();
            if failed.contains(&state) {
                return Err(Failure::unproven("the platform says that the job failed"));
            }
            let promised = count.as_ref().and_then(|path| path.count(&value));
            let listed = self.files.rows.list(&value).map_or(0, |list| list.len() as u64);
            let is_done = done.contains(&state);
            if is_done && promised.is_none_or(|promised| promised == listed) {
                return Ok(value);
            }
            if begun.elapsed() + every.0 > most.0 {
                return Err(match promised {
                    Some(promised) if is_done => {
                        Failure::unproven(format!("the job has {promised} files, and lists {listed}"))
                    }
                    _ => Failure::transient(format!("the job is not done after {} s", most.0.as_secs())),
                });
            }
            tokio::time::sleep(every.0).await;
        }
    }
}

/// Whether the address of a file is no longer accepted.
fn is_out_of_date(failure: &Failure) -> bool {
    matches!(failure.cause, Some(Cause::Status(401 | 403)))
}
