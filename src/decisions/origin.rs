//! Where a record was made: the account and the machine, beside the name that a person gave.
//!
//! The name is what a person typed, and several people may share one account. Neither proves who it was; both
//! together say where to ask.

use std::fs;

use serde::{Deserialize, Serialize};

/// The account that a record was made from, and whether the person's name was checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The account that the program ran as; `uid 1001` where this machine has no name for it.
    pub user: String,
    pub uid: u32,
    /// The account that logged in, as the kernel keeps it, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_user: Option<String>,
    /// The account that called `sudo`, as `sudo` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sudo_user: Option<String>,
    pub host: String,
    /// The name is on the bureau's list of persons.
    pub name_checked: bool,
}

impl Origin {
    /// This process, on this machine.
    #[must_use]
    pub fn own() -> Self {
        let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let login = fs::read_to_string("/proc/self/loginuid").unwrap_or_default();
        let sudo = std::env::var("SUDO_USER").ok();
        Self::of(&accounts, rustix::process::getuid().as_raw(), &login, sudo.as_deref(), &host())
    }

    /// `accounts` is in the form of `/etc/passwd`, `login` in that of `/proc/self/loginuid`.
    fn of(accounts: &str, uid: u32, login: &str, sudo: Option<&str>, host: &str) -> Self {
        let user = account_name(accounts, uid);
        let other = |name: &String| !name.is_empty() && *name != user;
        let login = login.trim().parse().ok().filter(|login| *login != NO_LOGIN);
        Origin {
            login_user: login.map(|login| account_name(accounts, login)).filter(other),
            sudo_user: sudo.map(plain).filter(other),
            uid,
            host: host.to_owned(),
            name_checked: false,
            user,
        }
    }

    /// The accounts that say who is at work. What `sudo` says can be believed only of root, since every other
    /// account may set the variable.
    pub fn accounts(&self) -> impl Iterator<Item = &str> {
        let sudo = self.sudo_user.as_deref().filter(|_| self.uid == 0);
        [Some(self.user.as_str()), self.login_user.as_deref(), sudo].into_iter().flatten()
    }
}

/// `nianbao@host`, `root@host (sudo by wang)`.
impl std::fmt::Display for Origin {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}@{}", self.user, self.host)?;
        match (&self.sudo_user, &self.login_user) {
            (Some(sudo), _) => write!(out, " (sudo by {sudo})"),
            (None, Some(login)) => write!(out, " (logged in as {login})"),
            (None, None) => Ok(()),
        }
    }
}

/// What the kernel has for a process that no login began: a timer's, a container's.
const NO_LOGIN: u32 = u32::MAX;

/// A container may have no entry for the account that it runs as.
fn account_name(accounts: &str, uid: u32) -> String {
    let named = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| plain(name))
    });
    named.unwrap_or_else(|| format!("uid {uid}"))
}

/// A variable may hold anything: no line breaks in a record, and no end to its length.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}

/// This machine's name; empty where the system does not say.
#[must_use]
pub fn host() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNTS: &str = "root:x:0:0:root:/root:/bin/bash\nbroken line\nwang:x:1000:1000::/home/wang:/bin/sh\n\
                            nianbao:x:990:990::/var/lib/nianbao:/usr/sbin/nologin\n";

    fn of(uid: u32, login: &str, sudo: Option<&str>) -> Origin {
        Origin::of(ACCOUNTS, uid, login, sudo, "h")
    }

    #[test]
    fn the_account_is_named_with_whoever_stands_behind_it() {
        assert_eq!(of(1000, "1000", None).to_string(), "wang@h");
        assert_eq!(of(0, "1000", Some("wang")).to_string(), "root@h (sudo by wang)");
        assert_eq!(of(990, "1000\n", None).to_string(), "nianbao@h (logged in as wang)");
        // A timer has no login, a container no name for its account.
        assert_eq!(of(990, "4294967295", None).to_string(), "nianbao@h");
        assert_eq!(of(70_000, "", Some("")).to_string(), "uid 70000@h");
        assert_eq!(of(1000, "1000", Some("a\nb")).sudo_user.as_deref(), Some("ab"));
    }

    #[test]
    fn only_root_is_believed_about_sudo() {
        assert_eq!(of(0, "", Some("wang")).accounts().collect::<Vec<_>>(), ["root", "wang"]);
        assert_eq!(of(990, "", Some("wang")).accounts().collect::<Vec<_>>(), ["nianbao"]);
        assert_eq!(of(990, "1000", None).accounts().collect::<Vec<_>>(), ["nianbao", "wang"]);
    }
}
