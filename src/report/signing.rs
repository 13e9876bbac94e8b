//! Who answers for a year's figures, as its documents say it: 草稿 until all three have signed, and the block
//! for signatures and stamp at the foot of every table.

use crate::decisions::signatures::{self, Record, Role};
use crate::period::ReportYear;

/// The signatures that hold for a year of a release.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signing {
    /// The city whose bureau signs.
    pub city: String,
    /// Who signed in each role, and on which day.
    pub signed: Vec<(Role, Option<(String, String)>)>,
    pub is_frozen: bool,
}

impl Signing {
    /// What the journal says of a year with this digest.
    #[must_use]
    pub fn of(all: &[Record], year: ReportYear, digest: &str, city: &str) -> Self {
        let holding = signatures::holding(all, year, digest);
        let signed = Role::ALL.into_iter().map(|role| {
            let by = holding.get(&role).map(|record| (record.by.clone(), day(&record.at)));
            (role, by)
        });
        let frozen = signatures::frozen(all);
        Signing {
            city: city.to_owned(),
            signed: signed.collect(),
            is_frozen: frozen.get(&year).is_some_and(|record| record.year_digest == digest),
        }
    }

    /// Whether one of the three has still to sign: the document is a draft.
    #[must_use]
    pub fn is_draft(&self) -> bool {
        self.signed.len() < Role::ALL.len() || self.signed.iter().any(|(_, by)| by.is_none())
    }

    /// What follows the number of a release: `（草稿）`.
    #[must_use]
    pub fn mark(&self) -> &'static str {
        match (self.is_draft(), self.is_frozen) {
            (true, _) => "（草稿）",
            (false, true) => "（已签字，已封存）",
            (false, false) => "（已签字）",
        }
    }

    /// The block at the foot of the city's tables.
    #[must_use]
    pub fn block(&self) -> Vec<String> {
        let by = |role: Role| self.signed.iter().find(|(other, _)| *other == role)?.1.as_ref();
        lines(by)
    }

    /// The block at the foot of the tables of a school or county, which sign by hand.
    #[must_use]
    pub fn empty_block() -> Vec<String> {
        lines(|_| None)
    }

    /// Who signed for the city, for the tables of its schools and counties; `None` where no one did.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        let signed = self.signed.iter().filter_map(|(role, by)| Some((role, by.as_ref()?)));
        let signed: Vec<String> =
            signed.map(|(role, (by, day))| format!("{} {by}（{day}）", role.label())).collect();
        (!signed.is_empty()).then(|| format!("注：{}签字：{}。", self.city, signed.join("、")))
    }
}

/// A line for each role; the stamp goes next to the last.
fn lines<'a>(by: impl Fn(Role) -> Option<&'a (String, String)>) -> Vec<String> {
    let line = |role: Role| {
        let stamp = if role == Role::Responsible { "　　　（盖章）" } else { "" };
        match by(role) {
            Some((by, day)) => format!("{}：{by}　　　日期：{day}{stamp}", role.label()),
            None => {
                format!("{}：＿＿＿＿＿＿＿＿　　　日期：＿＿＿＿年＿＿月＿＿日{stamp}", role.label())
            }
        }
    };
    Role::ALL.into_iter().map(line).collect()
}

/// `2026-11-28T09:00:00+08:00` → `2026年11月28日`.
fn day(at: &str) -> String {
    let date = at.split('T').next().unwrap_or_default();
    match date.split('-').collect::<Vec<_>>().as_slice() {
        [year, month, day] => {
            let plain = |part: &str| part.trim_start_matches('0').to_owned();
            format!("{year}年{}月{}日", plain(month), plain(day))
        }
        _ => date.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decisions::signatures::Act;

    fn record(id: u32, act: Act, role: Option<Role>, by: &str, digest: &str) -> Record {
        let role = role.map(Role::name);
        let act = match act {
            Act::Sign => "sign",
            Act::Withdraw => "withdraw",
            Act::Freeze => "freeze",
            Act::Lift => "lift",
        };
        serde_json::from_value(serde_json::json!({
            "format": 1, "id": id, "act": act, "report_year": 2024, "role": role, "release": 1,
            "manifest_sha256": "", "year_digest": digest, "by": by, "at": "2026-11-08T09:00:00+08:00",
            "why": "", "withdraws": null, "seal": "",
        }))
        .unwrap()
    }

    fn sign(id: u32, role: Role, by: &str) -> Record {
        record(id, Act::Sign, Some(role), by, "a")
    }

    #[test]
    fn a_document_is_a_draft_until_all_three_signed_and_again_when_the_year_changes() {
        let mut all = vec![sign(1, Role::Preparer, "李老师"), sign(2, Role::Reviewer, "王科长")];
        let two = Signing::of(&all, 2024, "a", "临汾市");
        assert_eq!((two.is_draft(), two.mark()), (true, "（草稿）"));
        assert_eq!(two.block()[0], "填报人：李老师　　　日期：2026年11月8日");
        assert!(two.block()[2].starts_with("负责人：＿＿") && two.block()[2].ends_with("（盖章）"));
        assert_eq!(
            two.note().unwrap(),
            "注：临汾市签字：填报人 李老师（2026年11月8日）、审核人 王科长（2026年11月8日）。"
        );
        all.push(sign(3, Role::Responsible, "张局长"));
        assert_eq!(Signing::of(&all, 2024, "a", "临汾市").mark(), "（已签字）");
        all.push(record(4, Act::Freeze, None, "张局长", "a"));
        assert_eq!(Signing::of(&all, 2024, "a", "临汾市").mark(), "（已签字，已封存）");
        let changed = Signing::of(&all, 2024, "b", "临汾市");
        assert_eq!((changed.mark(), changed.note()), ("（草稿）", None));
        assert_eq!(changed.block(), Signing::empty_block());
        assert!(Signing::of(&all, 2023, "a", "临汾市").is_draft() && Signing::default().is_draft());
        let back =
            Record { withdraws: Some(2), ..record(5, Act::Withdraw, Some(Role::Reviewer), "王", "a") };
        all.push(back);
        assert!(Signing::of(&all, 2024, "a", "临汾市").is_draft());
    }
}
