//! The exports without people.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    Surveys,
    Courses,
    Resources,
    Conditions,
    Finance,
    Service,
    International,
    Mentors,
    Fitness,
    Certificates,
    Certificates1X,
    Prizes,
    Aid,
}

/// Whose rows one file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    School,
    County,
    City,
}

impl Export {
    pub const ALL: [Self; 13] = [
        Self::Surveys,
        Self::Courses,
        Self::Resources,
        Self::Conditions,
        Self::Finance,
        Self::Service,
        Self::International,
        Self::Mentors,
        Self::Fitness,
        Self::Certificates,
        Self::Certificates1X,
        Self::Prizes,
        Self::Aid,
    ];

    pub fn dataset(self) -> &'static str {
        match self {
            Self::Surveys => "surveys",
            Self::Courses => "courses",
            Self::Resources => "teaching_resources",
            Self::Conditions => "conditions",
            Self::Finance => "finance",
            Self::Service => "service",
            Self::International => "international",
            Self::Mentors => "mentors",
            Self::Fitness => "fitness",
            Self::Certificates => "certificates",
            Self::Certificates1X => "certificates_1x",
            Self::Prizes => "contest_prizes",
            Self::Aid => "aid",
        }
    }

    pub fn scope(self) -> Scope {
        match self {
            Self::Courses | Self::Conditions => Scope::School,
            Self::Finance => Scope::County,
            _ => Scope::City,
        }
    }
}
