//! Names: in a catalogue or not, one thing under several names, one name filled down.

use crate::checks::relation::{Context, Judgement, Obstacle, Operands, Verdict};
use crate::definitions::code_table::{CodeTable, folded};

/// Compares names with the titles of a code table. No catalogue here is complete, so an unknown name is
/// a question; one that differs from a title in its last character alone is misspelt: titles that differ
/// (商务英语, 商务日语) do so before their end.
pub fn catalogue_name(operands: &Operands, context: &Context<'_>) -> Result<Judgement, Obstacle> {
    let catalogue = operands.text("catalogue")?;
    let table = context
        .codes
        .get(catalogue)
        .ok_or_else(|| Obstacle::faulty(format!("没有名为“{catalogue}”的代码表")))?;
    let names: Vec<&str> = operands.texts("names")?.into_iter().flat_map(items).collect();
    let mut verdict = Verdict::Holds;
    let mut doubts = Vec::new();
    for name in &names {
        if table.look_up_any_year(name, context.year).is_some() {
            continue;
        }
        if let Some(title) = misspelt_title(table, name) {
            verdict = Verdict::Inconsistent;
            doubts.push(format!("“{name}”不在目录内，疑为“{title}”之误"));
        } else {
            verdict = verdict.min(Verdict::ToConfirm);
            let nearest =
                one_away(table, name).or_else(|| table.nearest(name).map(|code| code.label.as_str()));
            let nearest = nearest.map(|title| format!("，最接近“{title}”"));
            doubts.push(format!("“{name}”不在已收录的目录内{}", nearest.unwrap_or_default()));
        }
    }
    let message = if doubts.is_empty() { "均在目录内".to_owned() } else { doubts.join("；") };
    Ok(Judgement::new(verdict, message).printed(names.join("、")))
}

/// The names of one cell.
pub fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(['、', '，', ',', ';', '；', '/', '\n']).map(str::trim).filter(|item| !item.is_empty())
}

/// The title that differs in the last character.
fn misspelt_title<'a>(table: &'a CodeTable, name: &str) -> Option<&'a str> {
    let without_last = |text: &str| {
        let mut text = folded(text);
        text.pop();
        text
    };
    let start = without_last(name);
    one_away(table, name).filter(|title| without_last(title) == start)
}

/// The title that differs in one character, where names are long enough for that to mean something; a
/// difference in the last character comes first.
fn one_away<'a>(table: &'a CodeTable, name: &str) -> Option<&'a str> {
    const LENGTH_MIN: usize = 4;
    let name: Vec<char> = folded(name).chars().collect();
    let differs_at = |title: &str| {
        let title: Vec<char> = folded(title).chars().collect();
        let mut places = (0..name.len()).filter(|&at| title.get(at) != name.get(at));
        let first = places.next()?;
        (title.len() == name.len() && places.next().is_none()).then_some(first)
    };
    if name.len() < LENGTH_MIN {
        return None;
    }
    let titles = table.codes().iter().map(|code| code.label.as_str());
    titles
        .filter_map(|title| Some((differs_at(title)?, title)))
        .max_by_key(|(at, _)| *at)
        .map(|(_, title)| title)
}

/// One school or firm written in two ways: all characters of the shorter name are in the longer one,
/// in order, and the additions do not make it a different one.
pub fn entity_alias(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let mut names: Vec<String> =
        operands.texts("names")?.into_iter().map(|name| name.trim().to_owned()).collect();
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    let mut pairs = Vec::new();
    for (at, a) in names.iter().enumerate() {
        for b in &names[at + 1..] {
            if is_same_entity(a, b) {
                pairs.push(format!("{a}＝{b}"));
            }
        }
    }
    let (verdict, message) = if pairs.is_empty() {
        (Verdict::Holds, "没有疑似同一对象的不同写法".to_owned())
    } else {
        (Verdict::ToConfirm, format!("疑为同一对象的不同写法：{}", pairs.join("；")))
    };
    Ok(Judgement::new(verdict, message).printed(format!("{} 个名称", names.len())))
}

fn is_same_entity(a: &str, b: &str) -> bool {
    const SHORTEST: usize = 5;
    /// 第二, 附属 and the like name a different school.
    const OTHERS: &str = "一二三四五六七八九十第附属分东西南北新女0123456789";
    let (a, b) = (folded(a), folded(b));
    let (short, long) = if a.chars().count() <= b.chars().count() { (a, b) } else { (b, a) };
    if short == long || short.chars().count() < SHORTEST {
        return short == long;
    }
    let mut rest = short.chars().peekable();
    let mut added = Vec::new();
    for c in long.chars() {
        if rest.peek() == Some(&c) {
            rest.next();
        } else {
            added.push(c);
        }
    }
    rest.peek().is_none() && !added.iter().any(|c| OTHERS.contains(*c))
}

/// A cell equal to the one above may have been filled down by mistake.
pub fn repeated_value(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let names = operands.texts("names")?;
    let repeated: Vec<String> = names
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| pair[0] == pair[1] && !pair[1].trim().is_empty())
        .map(|(at, pair)| format!("第 {} 行“{}”", at + 2, pair[1]))
        .collect();
    let (verdict, message) = if repeated.is_empty() {
        (Verdict::Holds, "没有与上一行相同的".to_owned())
    } else {
        (Verdict::ToConfirm, format!("与上一行相同，疑为向下填充：{}", repeated.join("；")))
    };
    Ok(Judgement::new(verdict, message).printed(format!("{} 行", names.len())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::rules::judge;
    use crate::checks::rules::testing::{read_operands, verdict};
    use crate::definitions::code_table::CodeTables;
    use crate::definitions::relation::kind::RelationKind;
    use crate::definitions::relation::limits::Limits;

    fn looked_up(names: &str) -> Judgement {
        let toml = "id='major'\ntitle_zh=''\nsource=''\nstatus='assumed'\n[[code]]\ncode='1'\nlabel='会计事务'\n[[code]]\ncode='2'\nlabel='大数据技术应用'";
        let table = CodeTable::new(toml::from_str(toml).unwrap()).unwrap();
        let codes = CodeTables::from([("major".to_owned(), table)]);
        let limits = Limits::default();
        let context = Context { limits: &limits, codes: &codes, year: 2024 };
        judge(
            RelationKind::CatalogueName,
            &read_operands(&[("catalogue", "major"), ("names", names)]),
            &context,
        )
        .unwrap()
    }

    #[test]
    fn a_name_outside_the_catalogue_is_a_question_and_a_misspelt_one_a_fault() {
        assert_eq!(looked_up("会计事务、大数据技术应用").verdict, Verdict::Holds);
        assert_eq!(looked_up("会计事物").message, "“会计事物”不在目录内，疑为“会计事务”之误");
        assert_eq!(looked_up("会计事物").verdict, Verdict::Inconsistent);
        assert_eq!(looked_up("公司会务").verdict, Verdict::ToConfirm);
        assert_eq!(looked_up("统计事务").message, "“统计事务”不在已收录的目录内，最接近“会计事务”");
        assert_eq!(looked_up("大数据应用").verdict, Verdict::ToConfirm);
        assert!(looked_up("大数据应用").message.contains("最接近“大数据技术应用”"));
        assert_eq!(
            verdict(RelationKind::CatalogueName, &[("catalogue", "x"), ("names", "y")]),
            Verdict::NotExamined
        );
    }

    #[test]
    fn two_ways_of_writing_a_school_raise_a_question() {
        let verdict_on = |names: &str| verdict(RelationKind::EntityAlias, &[("names", names)]);
        assert_eq!(verdict_on("洪洞职业中学|洪洞县职业中学"), Verdict::ToConfirm);
        assert_eq!(verdict_on("襄汾职教中心|襄汾县职业技术教育中心"), Verdict::ToConfirm);
        assert_eq!(verdict_on("隰县职业中学|吉县职业中学"), Verdict::Holds);
        assert_eq!(verdict_on("河东职业学校|河东第二职业学校"), Verdict::Holds);
    }

    #[test]
    fn a_cell_like_the_one_above_raises_a_question() {
        let verdict_on = |names: &str| verdict(RelationKind::RepeatedValue, &[("names", names)]);
        assert_eq!(verdict_on("护理|护理|绘画"), Verdict::ToConfirm);
        assert_eq!(verdict_on("护理|绘画|护理"), Verdict::Holds);
    }
}
