//! What a person typed, and what there is that resembles it: for questions, never for answers.

/// Least likeness, from 0 to 1, for a name to be asked about.
const ALIKE: f64 = 0.5;

/// How much less alike than the best another one may be.
const NEARLY: f64 = 0.25;

/// Names that are asked about at most.
const ASKED: usize = 3;

/// Those of `known` that resemble `typed`, the most alike first.
#[must_use]
pub fn alike<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let typed = typed.trim().to_lowercase();
    let likeness = |name: &'a str| {
        let folded = name.to_lowercase();
        let contains = folded.contains(&typed) || typed.contains(&folded);
        // A single character is part of too many names.
        let part = if contains && typed.chars().count() > 1 && !folded.is_empty() { 1.0 } else { 0.0 };
        let edits = strsim::normalized_damerau_levenshtein(&typed, &folded);
        (name, part + edits.max(strsim::sorensen_dice(&typed, &folded)))
    };
    let mut found: Vec<(&str, f64)> =
        known.into_iter().map(likeness).filter(|(_, likeness)| *likeness >= ALIKE).collect();
    found.sort_by(|(a, alike_a), (b, alike_b)| alike_b.total_cmp(alike_a).then(a.cmp(b)));
    let best = found.first().map_or(0.0, |(_, likeness)| *likeness);
    found.retain(|(_, likeness)| *likeness >= best - NEARLY);
    found.dedup_by(|(a, _), (b, _)| a == b);
    found.into_iter().map(|(name, _)| name).take(ASKED).collect()
}

/// `; did you mean A, B?`; empty where nothing is alike.
#[must_use]
pub fn did_you_mean(alike: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = alike.iter().map(AsRef::as_ref).collect();
    if names.is_empty() { String::new() } else { format!("; did you mean {}?", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_is_asked_about_and_nothing_else() {
        let counties = ["尧都区", "曲沃县", "翼城县", "洪洞县"];
        assert_eq!(alike("洪桐县", counties), ["洪洞县"]);
        assert_eq!(alike("尧都", counties), ["尧都区"]);
        assert_eq!(alike("北京", counties), Vec::<&str>::new());
        let ids = ["graduates", "graduates_placed", "students", "staff"];
        assert_eq!(alike("student", ids), ["students"]);
        assert_eq!(alike("Graduate", ids), ["graduates"]);
        assert_eq!(alike("x", ids), Vec::<&str>::new());
        assert_eq!(alike("", ids), Vec::<&str>::new());
    }

    #[test]
    fn a_question_names_what_is_alike() {
        assert_eq!(did_you_mean(&["a", "b"]), "; did you mean a, b?");
        assert_eq!(did_you_mean(&[""; 0]), "");
    }
}
