//! Which school delivers which shape, under which file name, and with whom in one bundle.

use crate::city::schools::{SCHOOLS, School};
use crate::numbers::rng::Rng;
use crate::sheets::shapes::Shape;
use crate::sheets::sheet::Frame;

/// One school's sheet within a delivery.
#[derive(Debug, Clone)]
pub struct Form {
    pub school: usize,
    pub shape: Shape,
    pub frame: Frame,
}

/// One file: a school's own, or a zip of several.
#[derive(Debug)]
pub struct Delivery {
    pub name: String,
    /// Member names are empty unless this is a zip.
    pub members: Vec<(String, Form)>,
}

impl Delivery {
    pub fn is_bundle(&self) -> bool {
        self.members.iter().all(|(name, _)| !name.is_empty())
    }
}

/// The files of one dataset and year, for each copy of the city about 70 % plain workbooks.
pub fn deliveries(
    schools: &[School],
    topic: &str,
    biff8: impl Fn(&School) -> bool,
    rng: &mut Rng,
) -> Vec<Delivery> {
    let copies = schools.len() / SCHOOLS;
    (0..copies)
        .flat_map(|copy| {
            let range = copy * SCHOOLS..(copy + 1) * SCHOOLS;
            let (fixed, mut free): (Vec<usize>, Vec<usize>) =
                range.partition(|&index| biff8(&schools[index]));
            rng.shuffle(&mut free);
            let mut deliveries = deliveries_of_copy(schools, &free, topic, rng);
            deliveries.extend(
                fixed
                    .into_iter()
                    .map(|index| single(schools, Form::new(index, Shape::Biff8, Frame::Plain), topic, rng)),
            );
            deliveries
        })
        .collect()
}

impl Form {
    pub fn new(school: usize, shape: Shape, frame: Frame) -> Self {
        Self { school, shape, frame }
    }

    /// Students come under the header of a province instead of the national one.
    pub fn is_provincial(&self) -> bool {
        self.frame == Frame::Provincial
    }
}

fn deliveries_of_copy(schools: &[School], free: &[usize], topic: &str, rng: &mut Rng) -> Vec<Delivery> {
    let shapes = shapes(rng);
    let (special, rest) = free.split_at(shapes.len());
    let mut deliveries: Vec<Delivery> = special
        .iter()
        .zip(shapes)
        .map(|(&school, (shape, frame))| single(schools, Form::new(school, shape, frame), topic, rng))
        .collect();
    let mut rest = rest.iter().copied();
    for number in 1..=rng.between(3, 4) {
        let together: Vec<usize> = rest.by_ref().take(rng.between(2, 4)).collect();
        deliveries.push(bundle(schools, &together, topic, number, rng));
    }
    let plain = rest.map(|school| Form::new(school, Shape::Xlsx, Frame::Plain));
    deliveries.extend(plain.map(|form| single(schools, form, topic, rng)).collect::<Vec<_>>());
    deliveries
}

/// Everything but the plain workbooks.
fn shapes(rng: &mut Rng) -> Vec<(Shape, Frame)> {
    let mut shapes = vec![
        (Shape::Html, Frame::Titled),
        (Shape::Html, Frame::Noted),
        (Shape::CsvGb18030, Frame::Repeated),
        (Shape::CsvGb18030, Frame::Repeated),
        (Shape::CsvGb18030, Frame::Noted),
        (Shape::Xlsx, Frame::Noted),
        (Shape::Xlsx, Frame::Titled),
    ];
    let mut add = |low, shape, frame, rng: &mut Rng| {
        shapes.extend(std::iter::repeat_n((shape, frame), rng.between(low, low + 1)));
    };
    add(3, Shape::Html, Frame::Plain, rng);
    add(2, Shape::CsvGb18030, Frame::Plain, rng);
    add(1, Shape::CsvUtf8, Frame::Plain, rng);
    add(4, Shape::Xlsx, Frame::Provincial, rng);
    add(0, Shape::Xlsx, Frame::Titled, rng);
    shapes
}

fn single(schools: &[School], form: Form, topic: &str, rng: &mut Rng) -> Delivery {
    Delivery {
        name: file_name(&schools[form.school], form.shape, topic, rng),
        members: vec![(String::new(), form)],
    }
}

fn bundle(schools: &[School], together: &[usize], topic: &str, number: usize, rng: &mut Rng) -> Delivery {
    let copy = schools[together[0]].copy;
    let members = together.iter().map(|&school| {
        let form = Form::new(school, Shape::Xlsx, Frame::Plain);
        (format!("{}{topic}.xlsx", schools[school].name), form)
    });
    Delivery {
        name: format!("{topic}汇总{}-{number}-{}.zip", copy + 1, rng.digits(4)),
        members: members.collect(),
    }
}

/// Names as people give them. They mean nothing, but each holds something of the school's own, so
/// that no two are equal.
fn file_name(school: &School, shape: Shape, topic: &str, rng: &mut Rng) -> String {
    let School { name, code, .. } = school;
    let serial = &code[4..];
    let extension = shape.extension();
    match rng.below(6) {
        0 => format!("{code}.{extension}"),
        1 => format!("{name}{topic}（最终版）.{extension}"),
        2 => format!("{topic}导出_{serial}.{extension}"),
        3 => format!("副本{name}.{extension}"),
        4 => format!("新建 Microsoft Excel 工作表 ({serial}).{extension}"),
        _ => format!("{name}{topic}.{extension}"),
    }
}
