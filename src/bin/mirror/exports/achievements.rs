//! What students achieve, and the aid that they get.

use crate::exports::writer::{Writer, split};
use crate::numbers::apportion::{apportion, float};
use crate::sheets::cell::Cell;

impl Writer<'_> {
    pub fn fitness(&mut self) {
        let tested = self.count("fitness_tested");
        let passed = (self.hundredths("fitness_pass_rate") * tested + 5_000) / 10_000;
        self.facts.count("fitness_tested", tested);
        self.facts.count("fitness_passed", passed);
        let by_grade = split(tested, 3, &mut self.rng);
        let weights: Vec<f64> = by_grade.iter().map(|&tested| float(tested)).collect();
        let passed = if passed == 0 { vec![0; 3] } else { apportion(passed, &weights, &by_grade) };
        for ((grade, tested), passed) in ["一年级", "二年级", "三年级"].into_iter().zip(by_grade).zip(passed)
        {
            let due = tested + self.rng.below(6);
            let counts = [due, tested, passed].map(|count| self.units.count(count));
            self.line(std::iter::once(grade.into()).chain(counts).collect());
        }
    }

    pub fn certificates(&mut self) {
        const TRADES: [&str; 8] = [
            "电工",
            "汽车维修工",
            "养老护理员",
            "中式烹调师",
            "保育师",
            "电子商务师",
            "焊工",
            "计算机程序设计员",
        ];
        let persons = self.count("certificates");
        self.facts.count("certificates", persons);
        let certificates = if persons == 0 { 0 } else { self.rng.between(3, 6) };
        let first = self.rng.below(TRADES.len());
        for (number, persons) in split(persons, certificates, &mut self.rng).into_iter().enumerate() {
            let level = self.rng.pick(&["五级", "四级", "四级", "三级"]);
            let trade = TRADES[(first + number) % TRADES.len()];
            let centre = "市职业技能鉴定指导中心";
            self.line(vec![trade.into(), level.into(), centre.into(), self.units.count(persons)]);
        }
    }

    pub fn certificates_1x(&mut self) {
        const TITLES: [&str; 5] = ["WPS办公应用", "幼儿照护", "智能财税", "汽车运用与维修", "网店运营推广"];
        const IDS: [&str; 4] = [
            "certificates_1x_issued",
            "certificates_1x_awaiting_issue",
            "certificates_1x_awaiting_site",
            "certificates_1x_awaiting_organisation",
        ];
        let states = self.source.programmes.certificates_1x(self.source.school.base, self.source.year);
        for (id, count) in IDS.into_iter().zip(states) {
            self.facts.count(id, count);
        }
        let all: usize = states.iter().sum();
        self.facts.count("certificates_1x", all);
        let certificates = if all == 0 { 0 } else { self.rng.between(2, TITLES.len()) };
        let parts = states.map(|count| split(count, certificates, &mut self.rng));
        for (number, title) in TITLES.into_iter().take(certificates).enumerate() {
            let level = self.rng.pick(&["初级", "中级"]);
            let mut cells: Vec<Cell> = vec![title.into(), level.into(), "培训评价组织".into()];
            // Nothing is an empty cell.
            let counts = parts.iter().map(|part| part[number]);
            cells.extend(counts.map(|count| if count == 0 { Cell::Empty } else { self.units.count(count) }));
            self.line(cells);
        }
    }

    pub fn prizes(&mut self) {
        const EVENTS: [&str; 6] =
            ["护理技能", "汽车机电维修", "电子商务运营", "婴幼儿保育", "短视频制作", "数控综合应用技术"];
        const IDS: [&str; 3] = ["contest_prizes_first", "contest_prizes_second", "contest_prizes_third"];
        let won = self.source.programmes.prizes(self.source.school.base, self.source.year);
        self.facts.count("contest_prizes", won.iter().sum());
        for ((id, count), rank) in IDS.into_iter().zip(won).zip(["一等奖", "二等奖", "三等奖"]) {
            self.facts.count(id, count);
            for _ in 0..count {
                let event = self.rng.pick(&EVENTS);
                let form = self.rng.pick(&["个人赛", "团体赛"]);
                let number = format!("SX{}{}", self.source.year, self.rng.digits(6));
                self.line(vec![
                    "省职业院校技能大赛".into(),
                    event.into(),
                    form.into(),
                    rank.into(),
                    number.into(),
                ]);
            }
        }
    }

    /// Whole standards, and what was paid later or back in a row without persons.
    pub fn aid(&mut self) {
        const KINDS: [(&str, &str, &str); 2] = [
            ("免学费", "aid_tuition", "aid_tuition_persons"),
            ("国家助学金", "aid_grants", "aid_grants_persons"),
        ];
        let amounts = self.source.programmes.aid(self.source.school.base, self.source.year);
        for ((kind, id, persons_id), hundreds) in KINDS.into_iter().zip(amounts) {
            let fen = hundreds * 10_000;
            self.facts.money(id, fen);
            let standards: &[usize] = if kind == "国家助学金" { &[2_000] } else { &[2_000, 2_500] };
            let mut left = fen;
            let mut persons = 0;
            for (part, standard) in split(fen, standards.len(), &mut self.rng).into_iter().zip(standards) {
                let count = part / (standard * 100);
                left -= count * standard * 100;
                persons += count;
                let amount = self.units.money(count * standard * 100);
                self.line(vec![
                    kind.into(),
                    format!("{standard}元/年").into(),
                    self.units.count(count),
                    amount,
                ]);
            }
            self.facts.count(persons_id, persons);
            if left > 0 {
                self.line(vec![kind.into(), "补发".into(), Cell::Empty, self.units.money(left)]);
            }
        }
    }
}
