//! What a school does for others, at home and abroad.

use crate::exports::writer::{Writer, split};
use crate::numbers::apportion::{apportion, float};
use crate::sheets::cell::Cell;

impl Writer<'_> {
    pub fn service(&mut self) {
        let projects = self.count("training_projects");
        let hours = self.count("training_hours");
        let public = self.count("training_hours_public");
        self.facts.count("training_projects", projects);
        self.facts.count("training_hours", hours);
        self.facts.count("training_hours_public", public);
        let hours = split(hours, projects, &mut self.rng);
        let weights: Vec<f64> = hours.iter().map(|&hours| float(hours)).collect();
        let public = if public == 0 { vec![0; projects] } else { apportion(public, &weights, &hours) };
        for (hours, public) in hours.into_iter().zip(public) {
            let name = format!(
                "{}培训班第{}期",
                self.rng.pick(&["电工", "护理", "电商", "家政", "焊工"]),
                self.rng.digits(3)
            );
            let public = if public == 0 { Cell::Empty } else { self.units.count(public) };
            self.line(vec!["非学历培训".into(), name.into(), self.units.count(hours), public]);
        }
        let centres = self.count("integration_centres");
        self.facts.count("integration_centres", centres);
        self.items("产教融合实践中心", centres);
        let transfers = self.count("patent_transfers");
        self.facts.count("patent_transfers", transfers);
        self.items("专利转让", transfers);
        if self.is_asked("ip_items") {
            let [all, patents, inventions] =
                ["ip_items", "patents", "invention_patents"].map(|id| self.count(id));
            self.facts.count("ip_items", all);
            self.facts.count("patents", patents);
            self.facts.count("invention_patents", inventions);
            self.items("发明专利授权", inventions);
            self.items("其他专利授权", patents - inventions);
            self.items("其他知识产权", all - patents);
        }
    }

    pub fn international(&mut self) {
        const ITEMS: [(&str, &str, &str); 12] = [
            ("专业标准", "exported_major_standards", "个"),
            ("课程标准", "exported_course_standards", "个"),
            ("资源", "exported_resources", "个"),
            ("装备", "exported_equipment", "个"),
            ("接收国外留学生专业", "foreign_student_majors", "个"),
            ("接收国外留学生", "foreign_students", "人"),
            ("接收国外访学教师", "foreign_visiting_teachers", "人"),
            ("中外合作办学专业", "joint_programme_majors", "个"),
            ("中外合作办学在校生", "joint_programme_students", "人"),
            ("专任教师赴国外指导和开展培训", "overseas_training_days", "人日"),
            ("在国外组织担任职务的专任教师", "teachers_in_foreign_bodies", "人"),
            ("国际技能大赛获奖", "international_prizes", "项"),
        ];
        let mut sums = [0; 2];
        for (index, (item, id, unit)) in ITEMS.into_iter().enumerate() {
            let count = self.count(id);
            self.facts.count(id, count);
            sums[0] += if index < 2 { count } else { 0 };
            sums[1] += if index < 4 { count } else { 0 };
            if count > 0 {
                let country = self.rng.pick(&["泰国", "老挝", "柬埔寨", "德国"]);
                self.line(vec![item.into(), country.into(), self.units.count(count), unit.into()]);
            }
        }
        self.facts.count("exported_standards", sums[0]);
        if self.is_asked("exported_items") {
            self.facts.count("exported_items", sums[1]);
        }
    }

    fn items(&mut self, kind: &str, count: usize) {
        for _ in 0..count {
            let name = format!("{kind}{}", self.rng.digits(4));
            self.line(vec![kind.into(), name.into()]);
        }
    }
}
