//! Statements about a change: growth, percentage points, and words.

use crate::checks::claim::{Amount, Claim, Degree, Direction, claim};
use crate::checks::computed::{ComputedValue, Fit, comparable, fit};
use crate::checks::exact::Rational;
use crate::checks::quantity::{Measure, Quantity};
use crate::checks::relation::{Context, Judgement, Obstacle, Operands, Verdict};
use crate::checks::rules::recomputed::compared;

/// The earlier and the later figure, in the same unit.
fn pair(operands: &Operands) -> Result<(Quantity, Quantity), Obstacle> {
    let pair = comparable(&[operands.number("earlier")?.clone(), operands.number("later")?.clone()]);
    match pair.as_deref() {
        Some([earlier, later]) => Ok((earlier.clone(), later.clone())),
        _ => Err(Obstacle::faulty("前后两数的单位不可比")),
    }
}

/// The claim. A figure with `%` in its heading keeps it.
fn claim_of(operands: &Operands) -> Result<Claim, Obstacle> {
    let figure = operands.figure("claim")?;
    let text = figure.text.trim();
    let bare = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || "+-.−－ ".contains(c));
    Ok(claim(&if bare { format!("{text}{}", figure.unit) } else { text.to_owned() }))
}

fn growth(earlier: &Quantity, later: &Quantity) -> Result<ComputedValue, Obstacle> {
    let (Some(before), Some(after)) = (ComputedValue::of(earlier), ComputedValue::of(later)) else {
        return Err(Obstacle::too_large());
    };
    if before.point.is_zero() {
        return Err(Obstacle::absent("上年数为 0，增长率没有意义"));
    }
    let unity = ComputedValue::exactly(Rational::ONE);
    let ratio = after.over(&before).ok_or_else(|| Obstacle::absent("上年数可能为 0"))?;
    ratio
        .minus(&unity)
        .map(|growth| ComputedValue { step: Rational::ZERO, ..growth })
        .ok_or_else(Obstacle::too_large)
}

fn difference(earlier: &Quantity, later: &Quantity) -> Result<ComputedValue, Obstacle> {
    let both = ComputedValue::of(later).zip(ComputedValue::of(earlier));
    both.and_then(|(later, earlier)| later.minus(&earlier)).ok_or_else(Obstacle::too_large)
}

fn judged(text: &str, printed: &Quantity, computed: &ComputedValue) -> Result<Judgement, Obstacle> {
    let fits = fit(printed, computed).ok_or_else(Obstacle::too_large)?;
    Ok(compared(text, printed, fits, computed))
}

/// 增长 12.3 %, or a number alone.
pub fn growth_percent(operands: &Operands, context: &Context<'_>) -> Result<Judgement, Obstacle> {
    let (earlier, later) = pair(operands)?;
    let text = operands.text("claim")?;
    let claim = claim_of(operands)?;
    match &claim.amount {
        Some(Amount::Relative(amount)) => {
            let amount = in_percent(amount)?;
            let grown = growth(&earlier, &later)?;
            let found = judged(text, &amount, &grown)?;
            if found.verdict == Verdict::Inconsistent && claim.direction.is_none() && !is_signed(text) {
                return unsigned(operands, &amount, &grown, found);
            }
            // 提高 5 % of a rate may mean percentage points.
            if found.verdict == Verdict::Inconsistent && earlier.measure == Measure::Percent {
                let points = fit(&amount, &difference(&earlier, &later)?).ok_or_else(Obstacle::too_large)?;
                if points == Fit::Same {
                    let message = format!("{}；与百分点之差相符，应写作“个百分点”", found.message);
                    return Ok(Judgement { verdict: Verdict::ToConfirm, message, ..found });
                }
            }
            Ok(found)
        }
        Some(Amount::Points(amount)) => judged(text, amount, &difference(&earlier, &later)?),
        Some(Amount::Absolute(amount)) => absolute(text, amount, &earlier, &later),
        Some(Amount::Reached(level)) => reached(text, level, &later),
        None => words(text, &claim, &earlier, &later, context),
    }
}

/// +3.2 个百分点, or a number alone.
pub fn percentage_point_change(operands: &Operands, context: &Context<'_>) -> Result<Judgement, Obstacle> {
    let (earlier, later) = pair(operands)?;
    let (Some(earlier), Some(later)) = (earlier.as_percent(), later.as_percent()) else {
        return Err(Obstacle::too_large());
    };
    let text = operands.text("claim")?;
    let claim = claim_of(operands)?;
    match &claim.amount {
        Some(Amount::Points(amount) | Amount::Relative(amount)) => {
            let (amount, moved) = (in_percent(amount)?, difference(&earlier, &later)?);
            let mut found = judged(text, &amount, &moved)?;
            if found.verdict == Verdict::Inconsistent && claim.direction.is_none() && !is_signed(text) {
                return unsigned(operands, &amount, &moved, found);
            }
            if matches!(claim.amount, Some(Amount::Relative(_))) && text.contains('%') {
                found.message += "；宜写作“个百分点”";
            }
            Ok(found)
        }
        Some(Amount::Absolute(_)) => Err(Obstacle::faulty(format!("“{text}”不是百分点"))),
        Some(Amount::Reached(level)) => reached(text, level, &later),
        None => words(text, &claim, &earlier, &later, context),
    }
}

/// 显著增长 where the figure falls.
pub fn trend_claim(operands: &Operands, context: &Context<'_>) -> Result<Judgement, Obstacle> {
    let (earlier, later) = pair(operands)?;
    let text = operands.text("claim")?;
    let claim = claim_of(operands)?;
    let judgement = words(text, &claim, &earlier, &later, context);
    if claim.amount.is_some() && judgement.as_ref().is_ok_and(|judgement| judgement.verdict == Verdict::Holds)
    {
        return growth_percent(operands, context);
    }
    judgement
}

fn is_signed(text: &str) -> bool {
    text.trim_start().starts_with(['+', '-', '−', '＋', '－'])
}

/// 7.3% without a sign or a word may mean a fall, if the name of the figure says so.
fn unsigned(
    operands: &Operands,
    amount: &Quantity,
    grown: &ComputedValue,
    found: Judgement,
) -> Result<Judgement, Obstacle> {
    let fallen = fit(&amount.as_signed(true), grown).ok_or_else(Obstacle::too_large)?;
    if fallen == Fit::Off {
        return Ok(found);
    }
    let named = claim(&operands.figure("claim")?.name).direction;
    if named == Some(Direction::Down) {
        return Ok(compared(operands.text("claim")?, &amount.as_signed(true), fallen, grown));
    }
    let message = format!("{}；数值与下降的幅度相符，没有写明升降", found.message);
    Ok(Judgement { verdict: Verdict::ToConfirm, message, ..found })
}

fn in_percent(amount: &Quantity) -> Result<Quantity, Obstacle> {
    let turned = match amount.measure {
        Measure::Unmarked => amount.rescaled(Rational::HUNDREDTH, Measure::Percent),
        // 1.5 倍 is shown as 150 %.
        Measure::Other => {
            let scale = Rational::HUNDREDTH;
            Some(Quantity { scale, measure: Measure::Percent, ..amount.clone() })
        }
        _ => Some(amount.clone()),
    };
    turned.ok_or_else(Obstacle::too_large)
}

fn absolute(
    text: &str,
    amount: &Quantity,
    earlier: &Quantity,
    later: &Quantity,
) -> Result<Judgement, Obstacle> {
    if comparable(&[amount.clone(), later.clone()]).is_none() {
        return Err(Obstacle::faulty(format!("“{text}”与前后两数的单位不可比")));
    }
    judged(text, amount, &difference(earlier, later)?)
}

fn reached(text: &str, level: &Quantity, later: &Quantity) -> Result<Judgement, Obstacle> {
    let pair = comparable(&[level.clone(), later.clone()]).ok_or_else(|| Obstacle::faulty("单位不可比"))?;
    let [level, later] = pair.as_slice() else { return Err(Obstacle::too_large()) };
    judged(text, level, &ComputedValue::of(later).ok_or_else(Obstacle::too_large)?)
}

fn words(
    text: &str,
    claim: &Claim,
    earlier: &Quantity,
    later: &Quantity,
    context: &Context<'_>,
) -> Result<Judgement, Obstacle> {
    let Some(direction) = claim.direction else {
        return Err(Obstacle::faulty(format!("“{text}”没有说明变化")));
    };
    let growth = growth(earlier, later);
    let percent = |percent: i64| Rational::new(i128::from(percent), 100).unwrap_or(Rational::ONE);
    let size = growth.as_ref().map(|growth| growth.point.size()).ok();
    let (Some(before), Some(after)) = (earlier.rounded(), later.rounded()) else {
        return Err(Obstacle::too_large());
    };
    let may_be_same = before.meets(&after);
    let limits = context.limits;
    let moved = match direction {
        Direction::Up => later.value > earlier.value,
        Direction::Down => later.value < earlier.value,
        Direction::Level | Direction::Same => may_be_same,
    };
    let exact = before.low == before.high && after.low == after.high;
    let degree_fits = match claim.degree {
        Degree::Strong => size.is_none_or(|size| size >= percent(limits.trend_strong_percent)),
        Degree::Slight => size.is_none_or(|size| size <= percent(limits.trend_slight_percent)),
        Degree::Plain => true,
    };
    let level = |most: i64| size.is_some_and(|size| size <= percent(most));
    let verdict = match direction {
        Direction::Level if moved || level(limits.trend_level_percent) => Verdict::Holds,
        Direction::Level if level(2 * limits.trend_level_percent) => Verdict::ToConfirm,
        Direction::Same if moved => Verdict::Holds,
        Direction::Level | Direction::Same => Verdict::Inconsistent,
        // Both print the same rounded figure, so the words may still be true.
        Direction::Up | Direction::Down if !moved && may_be_same && !exact => Verdict::ToConfirm,
        Direction::Up | Direction::Down if !moved => Verdict::Inconsistent,
        Direction::Up | Direction::Down if degree_fits => Verdict::Holds,
        Direction::Up | Direction::Down => Verdict::ToConfirm,
    };
    let changed = match &growth {
        Ok(growth) => {
            format!("{}%", growth.point.times(Rational::int(100)).map_or_else(String::new, |p| p.shown(2)))
        }
        Err(_) => "由 0 起".to_owned(),
    };
    let from_to = format!("{} → {}", earlier.shown(earlier.value), later.shown(later.value));
    let wording = match verdict {
        Verdict::Holds => "与数字相符",
        Verdict::ToConfirm => "与变化的幅度不尽相符，请核对",
        _ => "与数字相反或不符",
    };
    Ok(Judgement::new(verdict, format!("“{text}”{wording}：{from_to}（{changed}）"))
        .printed(text)
        .recomputed(changed))
}

#[cfg(test)]
mod tests {
    use crate::checks::relation::Verdict;
    use crate::checks::rules::testing::{judged, verdict};
    use crate::definitions::relation::kind::RelationKind;

    fn verdict_on(kind: RelationKind, earlier: &str, later: &str, claim: &str) -> Verdict {
        verdict(kind, &[("earlier", earlier), ("later", later), ("claim", claim)])
    }

    #[test]
    fn growth_is_recomputed() {
        for (earlier, later, claim, expected) in [
            ("7800", "9397", "增长20.47%", Verdict::Holds),
            ("7800", "9397", "增长20.5%", Verdict::Holds),
            ("7800", "9397", "20.47", Verdict::Holds),
            ("7800", "9397", "20.47 %", Verdict::Holds),
            ("7800", "9397", "增长20.48%", Verdict::Inconsistent),
            ("7800", "9397", "增长20.4%", Verdict::Rounding),
            ("7800", "9397", "下降20.47%", Verdict::Inconsistent),
            ("9397", "7800", "下降17.0%", Verdict::Holds),
            ("9397", "7800", "-17.0%", Verdict::Holds),
            ("9397", "7800", "17.0%", Verdict::ToConfirm),
            ("9397", "7800", "+17.0%", Verdict::Inconsistent),
            ("9397", "7800", "增长17.0%", Verdict::Inconsistent),
            ("9397", "7800", "减少1597人", Verdict::Holds),
            ("9397", "7800", "减少1579人", Verdict::Inconsistent),
            ("9397", "7800", "下降至7800", Verdict::Holds),
            ("5000", "8000", "增长60%", Verdict::Holds),
            ("1000", "2500", "增长1.5倍", Verdict::Holds),
            ("1000", "2500", "是上年的2.5倍", Verdict::Holds),
            ("1000", "2000", "翻一番", Verdict::Holds),
            ("1.2万", "1.3万", "增长8.0%", Verdict::Rounding),
            ("1.2万", "1.3万", "增长28.0%", Verdict::Inconsistent),
            ("0", "5", "增长5%", Verdict::NotExamined),
            ("4777", "4305", "显著增长", Verdict::Inconsistent),
            ("80.0 %", "85.0 %", "提高5.0%", Verdict::ToConfirm),
            ("80.0 %", "85.0 %", "提高5.0个百分点", Verdict::Holds),
            ("4777", "4305", "若干", Verdict::NotExamined),
        ] {
            assert_eq!(
                verdict_on(RelationKind::GrowthPercent, earlier, later, claim),
                expected,
                "{earlier} {later} {claim}"
            );
        }
    }

    #[test]
    fn percentage_points_are_differences() {
        for (earlier, later, claim, expected) in [
            ("83 %", "88.01 %", "提高5.01个百分点", Verdict::Holds),
            ("83.00", "88.01", "+5.01个百分点", Verdict::Holds),
            ("83.00", "88.01", "5.01", Verdict::Holds),
            ("83.00 %", "88.01 %", "提高5.02个百分点", Verdict::Rounding),
            ("83.00 %", "88.01 %", "提高5.04个百分点", Verdict::Inconsistent),
            ("83.00 %", "88.01 %", "下降5.01个百分点", Verdict::Inconsistent),
            ("88.01 %", "83.00 %", "5.01个百分点", Verdict::ToConfirm),
            ("83.00 %", "88.01 %", "提高5.01%", Verdict::Holds),
            ("83.00 %", "88.01 %", "增加12人", Verdict::NotExamined),
        ] {
            assert_eq!(
                verdict_on(RelationKind::PercentagePointChange, earlier, later, claim),
                expected,
                "{earlier} {later} {claim}"
            );
        }
    }

    #[test]
    fn words_are_checked_against_figures() {
        for (earlier, later, claim, expected) in [
            ("4777", "4305", "比上年度有显著增长", Verdict::Inconsistent),
            ("8764", "11157.41", "有所增加", Verdict::Holds),
            ("1000", "1000", "没有变化", Verdict::Holds),
            ("1000", "1001", "没有变化", Verdict::Inconsistent),
            ("27540", "27534", "基本持平", Verdict::Holds),
            ("100", "108", "基本持平", Verdict::ToConfirm),
            ("100", "150", "基本持平", Verdict::Inconsistent),
            ("100", "101", "大幅增长", Verdict::ToConfirm),
            ("100", "180", "略有增长", Verdict::ToConfirm),
            ("100", "100", "有所增加", Verdict::Inconsistent),
            ("9.5 %", "9.5 %", "有所提高", Verdict::ToConfirm),
            ("100", "80", "下降", Verdict::Holds),
            ("0", "80", "增加", Verdict::Holds),
            ("100", "120", "大幅增长20%", Verdict::Holds),
            ("100", "120", "大幅增长30%", Verdict::Inconsistent),
        ] {
            assert_eq!(
                verdict_on(RelationKind::TrendClaim, earlier, later, claim),
                expected,
                "{earlier} {later} {claim}"
            );
        }
        let found = judged(
            RelationKind::TrendClaim,
            &[("earlier", "4777"), ("later", "4305"), ("claim", "显著增长")],
        )
        .unwrap();
        assert_eq!(found.message, "“显著增长”与数字相反或不符：4777 → 4305（-9.88%）");
    }
}
