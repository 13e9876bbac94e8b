//! What a text says of pages and of the number of rows: `第1页/共9页`, `Page 1 of 9`, `共340条记录`.

use super::cell::is_blank;

/// The text as it is searched: narrow, without blanks, in small letters.
#[must_use]
pub fn folded(text: &str) -> String {
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        c => c,
    };
    text.chars().filter(|&c| !is_blank(c)).map(narrow).flat_map(char::to_lowercase).collect()
}

/// Which page it is, and of how many, somewhere in a folded text.
#[must_use]
pub fn page(text: &str) -> Option<(u32, u32)> {
    let chinese = text.match_indices('页').filter_map(|(at, _)| {
        let (in_all, before) = digits_before(&text[..at])?;
        let bare = before.trim_end_matches(['共', '总', '计', '有', '/', ',', '，', ';', '(', '页', ':']);
        let (page, _) = digits_before(bare).filter(|_| bare.len() < before.len())?;
        Some((page, in_all))
    });
    let english = text.match_indices("page").filter_map(|(at, word)| {
        let (page, after) = digits_after(text[at + word.len()..].trim_start_matches(':'))?;
        let after = after.strip_prefix("of").or_else(|| after.strip_prefix('/'))?;
        Some((page, digits_after(after)?.0))
    });
    let named = text.match_indices("页码").filter_map(|(at, word)| {
        let (page, after) = digits_after(text[at + word.len()..].trim_start_matches(':'))?;
        Some((page, digits_after(after.strip_prefix('/')?)?.0))
    });
    chinese.chain(english).chain(named).find(|(page, in_all)| (1..=*in_all).contains(page))
}

/// How many rows there are in all, somewhere in a folded text.
#[must_use]
pub fn rows(text: &str) -> Option<u32> {
    const BEFORE: [&str; 9] = ["共", "共有", "共计", "总计", "合计", "总共", "总数", "总数:", "of"];
    let counted = ["条", "entries", "records"].iter().flat_map(|unit| text.match_indices(unit));
    let counted = counted.filter_map(|(at, _)| digits_before(&text[..at]));
    let counted = counted.filter(|(_, before)| BEFORE.iter().any(|word| before.ends_with(word)));
    let named = ["总记录数", "记录总数", "总条数", "总数"].iter().flat_map(|name| {
        text.match_indices(name)
            .filter_map(|(at, name)| digits_after(text[at + name.len()..].trim_start_matches(':')))
    });
    counted.chain(named).map(|(count, _)| count).max()
}

fn digits_before(text: &str) -> Option<(u32, &str)> {
    let before = text.trim_end_matches(|c: char| c.is_ascii_digit() || c == ',');
    Some((text[before.len()..].replace(',', "").parse().ok()?, before))
}

fn digits_after(text: &str) -> Option<(u32, &str)> {
    let after = text.trim_start_matches(|c: char| c.is_ascii_digit());
    Some((text[..text.len() - after.len()].parse().ok()?, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_found_in_all_their_notations() {
        for text in [
            "第1页/共9页",
            "首页 上一页 第 1 页，共 9 页 下一页",
            "共340条记录 1/9页",
            "当前第1页，共9页",
            "Page 1 of 9",
            "页码：1/9",
            "第 1/9 页",
            "第1页 (共9页)",
        ] {
            assert_eq!(page(&folded(text)), Some((1, 9)), "{text}");
        }
        for text in ["首页 1 2 3 下一页", "第1页", "共9页", "主页", "9/1页", "每页40条"] {
            assert_eq!(page(&folded(text)), None, "{text}");
        }
    }

    #[test]
    fn numbers_of_rows_are_found_in_all_their_notations() {
        for text in [
            "共 340 条记录 1/9 页",
            "显示第 1 到第 40 条记录，总共 340 条记录",
            "Showing 1 to 40 of 340 entries",
            "总记录数：340",
            "总计340条，每页40条",
        ] {
            assert_eq!(rows(&folded(text)), Some(340), "{text}");
        }
        for text in ["每页40条", "第40条", "40条"] {
            assert_eq!(rows(&folded(text)), None, "{text}");
        }
    }
}
