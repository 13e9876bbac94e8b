//! The nouns of a figure: its level and unit, its basis and its state.

use serde::{Deserialize, Serialize};

/// A level of the hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    School,
    County,
    City,
}

impl Level {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Level::School => "school",
            Level::County => "county",
            Level::City => "city",
        }
    }

    /// The level with this name; any other name is the city.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let all = [Level::School, Level::County];
        all.into_iter().find(|level| level.name() == name).unwrap_or(Level::City)
    }
}

/// The origin of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Rows of the national systems.
    System,
    /// Each school's own copy of the tables, filled in.
    Filed,
    /// Answers to a questionnaire.
    Survey,
    /// A value that a named person set after looking into a difference, with the basis that it
    /// replaces. Layouts do not ask for it: it is printed in place of the value it replaces.
    #[serde(skip_deserializing)]
    Adjusted(Delivered),
}

/// A delivered basis: any but the values that a person set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivered {
    System,
    Survey,
    Filed,
}

impl Delivered {
    /// All, in order of precedence: the first of a compared pair is the reference.
    pub const ALL: [Delivered; 3] = [Delivered::System, Delivered::Survey, Delivered::Filed];

    #[must_use]
    pub fn basis(self) -> Basis {
        match self {
            Delivered::System => Basis::System,
            Delivered::Filed => Basis::Filed,
            Delivered::Survey => Basis::Survey,
        }
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        self.basis().name()
    }

    #[must_use]
    pub fn label(self) -> &'static str {
        self.basis().label()
    }

    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|basis| basis.name() == name)
    }

    #[must_use]
    pub fn labelled(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|basis| basis.label() == label)
    }
}

impl Basis {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Basis::System => "system",
            Basis::Filed => "filed",
            Basis::Survey => "survey",
            Basis::Adjusted(_) => "adjusted",
        }
    }

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Basis::System => "系统",
            Basis::Filed => "填报",
            Basis::Survey => "调查",
            Basis::Adjusted(_) => "核定",
        }
    }

    /// The delivered basis of a figure, or the one that it replaces.
    #[must_use]
    pub fn delivered(self) -> Delivered {
        match self {
            Basis::System => Delivered::System,
            Basis::Filed => Delivered::Filed,
            Basis::Survey => Delivered::Survey,
            Basis::Adjusted(replaced) => replaced,
        }
    }

    /// The basis of values that a person set in place of this one's.
    #[must_use]
    pub fn adjusted(self) -> Basis {
        Basis::Adjusted(self.delivered())
    }

    #[must_use]
    pub fn is_adjusted(self) -> bool {
        matches!(self, Basis::Adjusted(_))
    }

    /// The basis with these names; `stands_for` matters for adjusted values alone.
    #[must_use]
    pub fn named(name: &str, stands_for: &str) -> Option<Self> {
        if name == "adjusted" {
            return Delivered::named(stands_for).map(Basis::Adjusted);
        }
        Delivered::named(name).map(Delivered::basis)
    }
}

/// Four different answers, never merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Value,
    /// Not asked that year.
    Blank,
    /// Asked, but there is none to give.
    Dash,
    /// Should be there, but is not.
    Missing,
}

impl State {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            State::Value => "value",
            State::Blank => "blank",
            State::Dash => "dash",
            State::Missing => "missing",
        }
    }

    /// The state with this name; an unknown name is missing.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let all = [State::Value, State::Blank, State::Dash];
        all.into_iter().find(|state| state.name() == name).unwrap_or(State::Missing)
    }

    /// The text shown where a value would be; empty for a value.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            State::Value => "",
            State::Blank => "空白",
            State::Dash => "-",
            State::Missing => "缺报",
        }
    }

    /// The state of a sum: a value if any is one; else missing if any is missing; else a dash if any is one.
    #[must_use]
    pub fn combined(states: impl Iterator<Item = State>) -> State {
        let rank = |state: &State| match state {
            State::Value => 3,
            State::Missing => 2,
            State::Dash => 1,
            State::Blank => 0,
        };
        states.max_by_key(rank).unwrap_or(State::Missing)
    }
}

/// A place in the hierarchy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit {
    pub level: Level,
    pub region_code: String,
    /// Empty above the school.
    pub school_code: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_found_by_its_name() {
        for state in [State::Value, State::Blank, State::Dash, State::Missing] {
            assert_eq!(State::named(state.name()), state);
        }
    }

    #[test]
    fn states_combine_as_the_contract_says() {
        use State::{Blank, Dash, Missing, Value};
        let combined = |states: &[State]| State::combined(states.iter().copied());
        assert_eq!(combined(&[Missing, Value, Dash]), Value);
        assert_eq!(combined(&[Dash, Missing]), Missing);
        assert_eq!(combined(&[Blank, Dash]), Dash);
        assert_eq!(combined(&[Blank, Blank]), Blank);
    }
}
