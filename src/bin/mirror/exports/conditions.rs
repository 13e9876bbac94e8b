//! What a school has to work with: its conditions, its money, its mentors.

use crate::exports::writer::{Writer, split};

impl Writer<'_> {
    /// One line a campus; the first has the fastest lines.
    pub fn conditions(&mut self) {
        let students = self.source.students;
        let places = (self.hundredths("practice_places_per_student") * students + 50) / 100;
        // Rates are in hundredths of 元 a student, which are 分.
        let equipment = self.hundredths("equipment_value_per_student") * students;
        let enterprise = self.fen("enterprise_equipment_value");
        let lines = ["internet_bandwidth", "campus_backbone_bandwidth"];
        let fastest = lines.map(|id| self.count(id));
        self.facts.count("practice_places", places);
        self.facts.money("equipment_value", equipment);
        self.facts.money("enterprise_equipment_value", enterprise);
        for (id, fastest) in lines.into_iter().zip(fastest) {
            self.facts.maximum(id, fastest);
        }
        let campuses = if self.rng.chance(0.3) { 2 } else { 1 };
        let [equipment, enterprise, places] =
            [equipment, enterprise, places].map(|total| split(total, campuses, &mut self.rng));
        for campus in 0..campuses {
            let slower = if campus == 0 { fastest } else { [100, 1_000] };
            let cells = vec![
                ["本部", "新校区"][campus].into(),
                self.units.area(students / 60 + 5),
                self.units.money(equipment[campus]),
                self.units.money(enterprise[campus]),
                self.units.count(places[campus]),
                self.units.count(students * self.rng.between(10, 30)),
                self.units.bandwidth(slower[0].min(fastest[0])),
                self.units.bandwidth(slower[1].min(fastest[1])),
            ];
            self.line(cells);
        }
    }

    pub fn finance(&mut self) {
        const ITEMS: [(&str, &str); 9] = [
            ("年财政专项经费", "special_funds"),
            ("年实习专项经费", "internship_funds"),
            ("年实习责任保险经费", "internship_insurance"),
            ("横向技术服务到款额", "technical_service_income"),
            ("横向技术服务产生的经济效益", "technical_service_benefit"),
            ("纵向科研经费到款额", "research_funds"),
            ("技术产权交易收入", "property_trade_income"),
            ("专利成果转化到款额", "patent_income"),
            ("非学历培训到账经费", "training_income"),
        ];
        if self.is_asked("funding_per_student") {
            let funding = self.hundredths("funding_per_student") * self.source.students;
            self.facts.money("funding", funding);
            self.payments("年财政拨款", funding);
        }
        for (item, id) in ITEMS {
            if self.is_asked(id) {
                let fen = self.fen(id);
                self.facts.money(id, fen);
                self.payments(item, fen);
            }
        }
    }

    pub fn mentors(&mut self) {
        let [mentors, craftsmen, hours] =
            ["mentors", "mentors_craftsmen", "mentor_hours"].map(|id| self.count(id));
        let pay = self.fen("mentor_pay");
        self.facts.count("mentors", mentors);
        self.facts.count("mentors_craftsmen", craftsmen);
        self.facts.count("mentor_hours", hours);
        self.facts.money("mentor_pay", pay);
        let hours = split(hours, mentors, &mut self.rng);
        let pay = split(pay, mentors, &mut self.rng);
        for (number, (hours, pay)) in hours.into_iter().zip(pay).enumerate() {
            let kind = if number < craftsmen {
                self.rng.pick(&["大国工匠", "劳动模范"])
            } else {
                self.rng.pick(&["其他行业导师", "企业技术骨干"])
            };
            let trade = self.rng.pick(&["焦化", "装备制造", "汽车维修", "医养", "电子商务"]);
            self.line(vec![kind.into(), trade.into(), self.units.count(hours), self.units.money(pay)]);
        }
    }

    /// An amount in one to four rows; nothing in an empty one.
    fn payments(&mut self, item: &str, fen: usize) {
        let parts = if fen == 0 { 1 } else { self.rng.between(1, 4) };
        for (number, part) in split(fen, parts, &mut self.rng).into_iter().enumerate() {
            let note = format!("第{}笔", number + 1);
            self.line(vec![item.into(), note.into(), self.units.money(part)]);
        }
    }
}
