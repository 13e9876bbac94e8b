//! The bureau's list of persons: who may decide, and who signs as what.
//!
//! The list is a file that the bureau keeps, `persons.toml` beside its settings. A name that is not on it decides
//! nothing, and a person is one, however the name is written.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::origin::Origin;
use super::signatures;
use super::spellings::{folded, is_one_name};
use crate::spelling::{alike, did_you_mean};

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Decide about deliveries, values, rows and questions.
    Decider,
    /// Sign in this capacity.
    Signer(signatures::Role),
}

impl Role {
    /// `decider` or 处理人, `preparer` or 填报人, …
    fn named(name: &str) -> Option<Role> {
        if ["decider", "处理人"].contains(&name) {
            return Some(Role::Decider);
        }
        let role = signatures::Role::ALL.into_iter().find(|role| [role.name(), role.label()].contains(&name));
        role.map(Role::Signer)
    }

    /// `reviewer (审核人)`.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Role::Decider => "decider (处理人)".to_owned(),
            Role::Signer(role) => format!("{} ({})", role.name(), role.label()),
        }
    }
}

/// A person on the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name that records have.
    pub name: String,
    /// Other names of the same person: 王科长.
    pub aliases: Vec<String>,
    pub roles: Vec<Role>,
    /// The accounts that the person works from; empty for any.
    pub system_users: Vec<String>,
    pub valid_from: Option<Date>,
    pub valid_to: Option<Date>,
}

impl Person {
    fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.name).chain(&self.aliases).map(String::as_str)
    }

    fn is_named(&self, name: &str) -> bool {
        self.names().any(|own| is_one_name(own, name))
    }
}

/// Why a name is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("`{name}` is not on the list of persons `{}`{}", list.display(), did_you_mean(alike))]
    NotListed { name: String, list: PathBuf, alike: Vec<String> },
    #[error("`{name}` may not do this: it takes the role {wanted}, and the list of persons gives {has}")]
    Role { name: String, wanted: String, has: String },
    #[error("`{name}` is on the list of persons {when}, and today is {today}")]
    Time { name: String, when: String, today: Date },
    #[error("`{name}` works from the account {listed}, by the list of persons, and this is {account}")]
    Account { name: String, listed: String, account: String },
}

/// The list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonList {
    path: PathBuf,
    persons: Vec<Person>,
}

/// Everything that is wrong in a list, by line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the list of persons is not taken\n{}", .0.join("\n"))]
pub struct ListFaults(pub Vec<String>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListFile {
    #[serde(default)]
    person: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: Spanned<String>,
    #[serde(default)]
    aliases: Vec<Spanned<String>>,
    roles: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    system_users: Vec<Spanned<String>>,
    valid_from: Option<Spanned<Datetime>>,
    valid_to: Option<Spanned<Datetime>>,
}

impl PersonList {
    /// Reads the list.
    ///
    /// # Errors
    /// Every fault, with file and line.
    pub fn read(path: &Path) -> Result<Self, ListFaults> {
        let fault = |message: String| ListFaults(vec![format!("{}: {message}", path.display())]);
        let bytes = fs::read(path).map_err(|error| fault(error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let before = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..before].split(|&byte| byte == b'\n').count();
            ListFaults(vec![format!("{}:{line}: this is not UTF-8: save the file as UTF-8", path.display())])
        })?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, ListFaults> {
        // Windows editors put a byte order mark before UTF-8 text.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let line = |at: usize| text.get(..at).unwrap_or(text).split('\n').count();
        let mut faults = Vec::new();
        let mut fault = |at: usize, message: &str| {
            faults.push((line(at), format!("{}:{}: {message}", path.display(), line(at))));
        };
        let file: ListFile = match toml::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                fault(error.span().map_or(0, |span| span.start), error.message());
                return Err(ListFaults(faults.into_iter().map(|(_, fault)| fault).collect()));
            }
        };
        if file.person.is_empty() {
            fault(0, "it names nobody: each person is a [[person]] with name and roles");
        }
        let mut known: Vec<(String, String, usize)> = Vec::new();
        let mut persons = Vec::new();
        for (number, entry) in file.person.iter().enumerate() {
            for name in std::iter::once(&entry.name).chain(&entry.aliases) {
                let (at, name) = (name.span().start, name.get_ref());
                let compared = folded(name);
                if compared.is_empty() {
                    fault(at, "a name is empty");
                } else if let Some((of, other, _)) =
                    known.iter().find(|(_, other, owner)| folded(other) == compared && *owner != number)
                {
                    let message = format!(
                        "`{name}` is a name of `{of}` too, who has `{other}`: tell two people apart, as in \
                         `{name}（人事科）`, or make them one"
                    );
                    fault(at, &message);
                }
                known.push((entry.name.get_ref().clone(), name.clone(), number));
            }
            let mut roles = Vec::new();
            for role in entry.roles.get_ref() {
                match Role::named(role.get_ref().trim()) {
                    Some(role) => roles.push(role),
                    None => fault(
                        role.span().start,
                        &format!(
                            "`{}` is not a role: decider (处理人), preparer (填报人), reviewer (审核人), \
                             responsible (负责人)",
                            role.get_ref()
                        ),
                    ),
                }
            }
            if entry.roles.get_ref().is_empty() {
                fault(entry.roles.span().start, "a person without a role may do nothing");
            }
            if let Some(empty) = entry.system_users.iter().find(|user| user.get_ref().trim().is_empty()) {
                fault(empty.span().start, "an account is empty");
            }
            let mut day = |given: &Option<Spanned<Datetime>>| {
                let given = given.as_ref()?;
                let day = day_of(given.get_ref());
                if day.is_none() {
                    fault(given.span().start, "this is not a day: 2024-09-01");
                }
                day
            };
            let (valid_from, valid_to) = (day(&entry.valid_from), day(&entry.valid_to));
            if let (Some(from), Some(to), Some(at)) = (valid_from, valid_to, &entry.valid_to)
                && to < from
            {
                fault(at.span().start, "valid_to is before valid_from");
            }
            let plain = |texts: &[Spanned<String>]| {
                texts.iter().map(|text| text.get_ref().trim().to_owned()).collect::<Vec<_>>()
            };
            persons.push(Person {
                name: entry.name.get_ref().trim().to_owned(),
                aliases: plain(&entry.aliases),
                roles,
                system_users: plain(&entry.system_users),
                valid_from,
                valid_to,
            });
        }
        faults.sort();
        if faults.is_empty() {
            return Ok(PersonList { path: path.to_owned(), persons });
        }
        Err(ListFaults(faults.into_iter().map(|(_, fault)| fault).collect()))
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The person of a name, however it is written.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Person> {
        self.persons.iter().find(|person| person.is_named(name))
    }

    /// The person of a name, if one of the roles, the day and the account are the person's.
    ///
    /// # Errors
    /// Why the name is not taken.
    pub fn admit(
        &self,
        name: &str,
        roles: &[Role],
        today: Date,
        origin: &Origin,
    ) -> Result<&Person, Refusal> {
        let Some(person) = self.find(name) else {
            let known = self.persons.iter().flat_map(Person::names);
            return Err(Refusal::NotListed {
                name: name.to_owned(),
                list: self.path.clone(),
                alike: alike(name, known).into_iter().map(str::to_owned).collect(),
            });
        };
        let name = person.name.clone();
        if !roles.iter().any(|role| person.roles.contains(role)) {
            let texts = |roles: &[Role]| roles.iter().map(|role| role.text()).collect::<Vec<_>>();
            let (wanted, has) = (texts(roles).join(" or "), texts(&person.roles).join(", "));
            return Err(Refusal::Role { name, wanted, has });
        }
        let early = person.valid_from.is_some_and(|from| today < from);
        if early || person.valid_to.is_some_and(|to| today > to) {
            let from = person.valid_from.filter(|_| early).map(|from| format!("from {from}"));
            let to = person.valid_to.filter(|_| !early).map(|to| format!("until {to}"));
            let when = from.or(to).unwrap_or_default();
            return Err(Refusal::Time { name, when, today });
        }
        let listed = &person.system_users;
        if !listed.is_empty() && !origin.accounts().any(|user| listed.iter().any(|own| own == user)) {
            return Err(Refusal::Account { name, listed: listed.join(", "), account: origin.to_string() });
        }
        Ok(person)
    }

    /// Whether two names are one person's, by the list or by their spelling.
    #[must_use]
    pub fn is_same_person(&self, name: &str, other: &str) -> bool {
        match (self.find(name), self.find(other)) {
            (Some(person), Some(other)) => person.name == other.name,
            _ => is_one_name(name, other),
        }
    }
}

fn day_of(given: &Datetime) -> Option<Date> {
    let day = given.date.filter(|_| given.time.is_none())?;
    Date::new(i16::try_from(day.year).ok()?, i8::try_from(day.month).ok()?, i8::try_from(day.day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "[[person]]\nname = '王建国'\naliases = ['王科长']\nroles = ['decider', '审核人']\n\n\
                        [[person]]\nname = '李晓燕'\nroles = ['preparer']\nsystem_users = ['lixy']\n\
                        valid_from = 2024-01-01\nvalid_to = 2024-12-31\n";

    fn list() -> PersonList {
        PersonList::parse(Path::new("persons.toml"), LIST).unwrap()
    }

    fn faults(text: &str) -> Vec<String> {
        PersonList::parse(Path::new("p.toml"), text).unwrap_err().0
    }

    fn refusal(name: &str, role: Role, day: &str, user: &str) -> String {
        let origin = Origin { user: user.into(), host: "h".into(), ..Origin::default() };
        let list = list();
        let admitted = list.admit(name, &[role], day.parse().unwrap(), &origin);
        admitted.map_or_else(|refusal| refusal.to_string(), |person| person.name.clone())
    }

    #[test]
    fn a_person_is_admitted_by_any_spelling_and_recorded_by_one() {
        for name in ["王建国", "王 建国", "王建國", "王科长", "王科長", "王科 长"] {
            assert_eq!(refusal(name, Role::Decider, "2024-05-01", "x"), "王建国", "{name}");
        }
        assert!(list().is_same_person("王科长", "王建國"));
        assert!(!list().is_same_person("王科长", "李晓燕"));
        assert!(list().is_same_person("赵 六", "趙六") && !list().is_same_person("赵六", "王建国"));
    }

    #[test]
    fn another_name_role_day_or_account_is_refused() {
        let reviewer = Role::Signer(signatures::Role::Reviewer);
        let preparer = Role::Signer(signatures::Role::Preparer);
        assert_eq!(
            refusal("王建", Role::Decider, "2024-05-01", "x"),
            "`王建` is not on the list of persons `persons.toml`; did you mean 王建国?"
        );
        assert!(refusal("赵六", Role::Decider, "2024-05-01", "x").ends_with("`persons.toml`"));
        assert_eq!(
            refusal("李晓燕", reviewer, "2024-05-01", "lixy"),
            "`李晓燕` may not do this: it takes the role reviewer (审核人), and the list of persons gives preparer (填报人)"
        );
        assert!(refusal("李晓燕", preparer, "2023-12-31", "lixy").contains("from 2024-01-01"));
        assert!(refusal("李晓燕", preparer, "2025-01-01", "lixy").contains("until 2024-12-31"));
        assert!(refusal("李晓燕", preparer, "2024-12-31", "other").contains("this is other@h"));
        assert_eq!(refusal("李晓燕", preparer, "2024-12-31", "lixy"), "李晓燕");
    }

    #[test]
    fn a_wrong_list_is_refused_with_every_line() {
        let text = LIST.replace("审核人", "审核")
            + "[[person]]\nname = '王 建國'\nroles = []\nvalid_to = 08:00:00\n";
        assert_eq!(
            faults(&text),
            [
                "p.toml:4: `审核` is not a role: decider (处理人), preparer (填报人), reviewer (审核人), responsible (负责人)",
                "p.toml:13: `王 建國` is a name of `王建国` too, who has `王建国`: tell two people apart, as in \
                 `王 建國（人事科）`, or make them one",
                "p.toml:14: a person without a role may do nothing",
                "p.toml:15: this is not a day: 2024-09-01",
            ]
        );
        assert!(
            faults("[[person]]\nname = '王'\nrole = ['decider']\n")[0].starts_with("p.toml:3: unknown field")
        );
        assert!(faults("[[person]]\nname = \n")[0].starts_with("p.toml:2: "));
        assert!(faults("")[0].starts_with("p.toml:1: it names nobody"));
        assert_eq!(faults("[[person]]\nname = ' '\nroles = ['decider']\n"), ["p.toml:2: a name is empty"]);
    }
}
