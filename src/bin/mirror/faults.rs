//! The faults planted in the rows, and what a pipeline should do with each.

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// A number cell: a spreadsheet kept only 15 digits of the ID.
    IdNumeric,
    IdBlank,
    /// 17 characters.
    IdShort,
    /// 30 February.
    DateImpossible,
    /// `08-3-4`.
    DateTwoDigitYear,
    StatusUnknown,
    DestinationUnknown,
    /// A graduate of another year.
    YearOther,
    DuplicateRow,
    /// 在读 at the school left as well as at the one entered.
    TransferredAway,
    /// 休学.
    OnLeave,
    /// 退学.
    Withdrawn,
    /// 毕业.
    Graduated,
    /// 退休.
    Retired,
    /// 调出.
    MovedAway,
    /// 辞职.
    Resigned,
    /// 停招.
    AdmissionStopped,
    CheckDigitWrong,
    /// Last year's column of a filing is not what was filed last year.
    LastYearDiffers,
    /// In an export, and not in what the school filed.
    NotFiled,
    /// An empty cell was lost, and the row of a filing stands one cell further left.
    RowShifted,
    TitleRow,
    PromptRow,
    TotalRow,
    NoteRow,
    BlankRow,
    RepeatedHeader,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Quarantined,
    Duplicate,
    NotCounted,
    Query,
    Structural,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Quarantined => "quarantined",
            Self::Duplicate => "duplicate",
            Self::NotCounted => "not_counted",
            Self::Query => "query",
            Self::Structural => "structural",
        }
    }
}

impl Fault {
    pub fn name(self) -> &'static str {
        match self {
            Self::IdNumeric => "id_numeric",
            Self::IdBlank => "id_blank",
            Self::IdShort => "id_short",
            Self::DateImpossible => "date_impossible",
            Self::DateTwoDigitYear => "date_two_digit_year",
            Self::StatusUnknown => "status_unknown",
            Self::DestinationUnknown => "destination_unknown",
            Self::YearOther => "year_other",
            Self::DuplicateRow => "duplicate_row",
            Self::TransferredAway => "transferred_away",
            Self::OnLeave => "on_leave",
            Self::Withdrawn => "withdrawn",
            Self::Graduated => "graduated",
            Self::Retired => "retired",
            Self::MovedAway => "moved_away",
            Self::Resigned => "resigned",
            Self::AdmissionStopped => "admission_stopped",
            Self::CheckDigitWrong => "check_digit_wrong",
            Self::LastYearDiffers => "last_year_differs",
            Self::NotFiled => "not_filed",
            Self::RowShifted => "row_shifted",
            Self::TitleRow => "title_row",
            Self::PromptRow => "prompt_row",
            Self::TotalRow => "total_row",
            Self::NoteRow => "note_row",
            Self::BlankRow => "blank_row",
            Self::RepeatedHeader => "repeated_header",
        }
    }

    pub fn outcome(self) -> Outcome {
        match self {
            Self::IdNumeric
            | Self::IdBlank
            | Self::IdShort
            | Self::DateImpossible
            | Self::DateTwoDigitYear
            | Self::StatusUnknown
            | Self::DestinationUnknown
            | Self::YearOther => Outcome::Quarantined,
            Self::DuplicateRow => Outcome::Duplicate,
            Self::TransferredAway
            | Self::OnLeave
            | Self::Withdrawn
            | Self::Graduated
            | Self::Retired
            | Self::MovedAway
            | Self::Resigned
            | Self::AdmissionStopped => Outcome::NotCounted,
            Self::CheckDigitWrong | Self::LastYearDiffers | Self::NotFiled | Self::RowShifted => {
                Outcome::Query
            }
            Self::TitleRow
            | Self::PromptRow
            | Self::TotalRow
            | Self::NoteRow
            | Self::BlankRow
            | Self::RepeatedHeader => Outcome::Structural,
        }
    }

    /// The rule a quarantined row breaks; empty for every other outcome.
    pub fn rule(self) -> &'static str {
        match self {
            Self::IdNumeric => "E-ID-NUMERIC",
            Self::IdBlank => "E-REQUIRED",
            Self::IdShort => "E-ID-FORMAT",
            Self::DateImpossible | Self::DateTwoDigitYear => "E-DATE",
            Self::StatusUnknown | Self::DestinationUnknown => "E-CODE",
            Self::YearOther => "E-PERIOD",
            _ => "",
        }
    }
}

/// Rows planted on top of the sound ones in one copy of the city, fault by fault.
pub type Deck = &'static [(Fault, usize)];

pub const STUDENT_DECK: Deck = &[
    (Fault::IdNumeric, 9),
    (Fault::IdBlank, 6),
    (Fault::IdShort, 6),
    (Fault::DateImpossible, 4),
    (Fault::DateTwoDigitYear, 4),
    (Fault::StatusUnknown, 5),
    (Fault::DuplicateRow, 14),
    (Fault::TransferredAway, 7),
    (Fault::OnLeave, 16),
    (Fault::Withdrawn, 14),
    (Fault::Graduated, 8),
    (Fault::CheckDigitWrong, 10),
];

/// The BIFF8 file is committed, so its faults are the same in every city.
pub const BIFF8_DECK: Deck = &[
    (Fault::IdNumeric, 1),
    (Fault::IdBlank, 1),
    (Fault::DateImpossible, 1),
    (Fault::DuplicateRow, 1),
    (Fault::OnLeave, 1),
    (Fault::Withdrawn, 1),
    (Fault::CheckDigitWrong, 1),
];

pub const GRADUATE_DECK: Deck = &[
    (Fault::IdNumeric, 6),
    (Fault::IdBlank, 3),
    (Fault::DestinationUnknown, 6),
    (Fault::YearOther, 6),
    (Fault::DuplicateRow, 9),
    (Fault::CheckDigitWrong, 5),
];

pub const STAFF_DECK: Deck = &[
    (Fault::IdNumeric, 5),
    (Fault::IdShort, 3),
    (Fault::IdBlank, 3),
    (Fault::DuplicateRow, 6),
    (Fault::Retired, 12),
    (Fault::MovedAway, 8),
    (Fault::Resigned, 6),
    (Fault::CheckDigitWrong, 5),
];

pub const MAJOR_DECK: Deck = &[(Fault::AdmissionStopped, 24), (Fault::DuplicateRow, 5)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_named_exactly_where_a_row_is_quarantined() {
        for deck in [STUDENT_DECK, GRADUATE_DECK, STAFF_DECK, MAJOR_DECK, BIFF8_DECK] {
            for (fault, _) in deck {
                let quarantined = fault.outcome() == Outcome::Quarantined;
                assert_eq!(quarantined, !fault.rule().is_empty(), "{fault:?}");
            }
        }
    }
}
