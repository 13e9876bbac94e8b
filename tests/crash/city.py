"""A city of three schools and two years, small enough to be run a thousand times. All persons are invented."""

import io
import os
import zipfile
from xml.sax.saxutils import escape

YAODU, HONGTONG, PROVINCIAL = "3614000001", "3614000002", "3614000003"
YEARS = (2023, 2024)
STUDENT_HEAD = ["学校标识码", "姓名", "性别", "出生日期", "身份证件类型", "身份证件号", "民族", "入学方式", "入学年月", "专业名称", "学生当前状态"]
STAFF_HEAD = ["学校标识码", "姓名", "身份证件类型", "身份证件号", "教职工类别", "双师型", "当前状态"]
SCHOOL_HEAD = ["学校标识码", "学校名称", "办学类型", "举办者性质", "隶属层级", "属地管理行政区划码", "学校状态", "教职工额定编制数"]
REGISTER = [
    [YAODU, "云岭职业学校", "职业高中学校", "公办", "县属", "141002", "正常", "30"],
    [HONGTONG, "晴川职业学校", "职业高中学校", "民办", "县属", "洪洞县(141024)", "正常", "20"],
    [PROVINCIAL, "长风中等专业学校", "中等技术学校", "公办", "省属", "140000", "正常", "10"],
]

# What changes from one version of the city to the next, and nothing else.
CHANGING = "2024/students/yaodu.csv"
VERSIONS = 3


def identity(serial):
    """A sound ID number, its birth date and sex."""
    body = f"141002200803{serial % 28 + 1:02}{serial % 1000:03}"
    weights = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(body))
    check = (12 - weights % 11) % 11
    number = body + ("X" if check == 10 else str(check))
    return number, f"2008-03-{serial % 28 + 1:02}", "男" if serial % 2 else "女"


def name(serial):
    given = "安宁文雅远晨浩然思齐"
    return "欧阳" + "".join(given[serial // place % 10] for place in (100, 10, 1))


def student(school, year, serial):
    number, birth, sex = identity(serial)
    major = "护理" if serial % 2 else "计算机应用"
    return [school, name(serial), sex, birth, "居民身份证", number, "汉族", "统一招生考试/普通入学", f"{year - 1}09", major, "在读"]


def staff(school, serial):
    return [school, name(serial), "居民身份证", identity(serial)[0], "专任教师", "是", "在职"]


def csv(rows, encoding="utf-8"):
    return "".join(",".join(row) + "\n" for row in rows).encode(encoding)


def xlsx(rows):
    """A workbook of one sheet, every cell a text."""

    def cell(text):
        return f'<c t="inlineStr"><is><t>{escape(text)}</t></is></c>'

    sheet = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>',
    }
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as book:
        for path, text in parts.items():
            # One time in all of them: the same rows are the same bytes.
            book.writestr(zipfile.ZipInfo(path, (2024, 9, 1, 0, 0, 0)), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>" + text)
    return whole.getvalue()


def changing(version, year=2024):
    """The roster of one school: each version has a student more."""
    rows = [student(YAODU, year, serial) for serial in range(10 + version)]
    broken = student(YAODU, year, 90)
    # A day that is in no calendar: the row goes to quarantine.
    broken[3] = "2008-02-31"
    return csv([STUDENT_HEAD, *rows, broken], "gb18030")


def files(version=0, years=YEARS, earlier=0):
    """Path below the drop folder → bytes."""
    drop = {}
    for year in years:
        drop[f"{year}/schools/register.csv"] = csv([SCHOOL_HEAD, *REGISTER])
        drop[f"{year}/students/yaodu.csv"] = changing(version if year == 2024 else earlier, year)
        drop[f"{year}/students/others.xlsx"] = xlsx(
            [STUDENT_HEAD, *(student(HONGTONG, year, serial) for serial in range(40, 44))]
            # One of them is at both schools: she counts once.
            + [student(PROVINCIAL, year, serial) for serial in (43, 50, 51)]
        )
        # One more each year: what is the same row for row as last year's is set aside.
        people = zip(range(200, year - 1820), (YAODU, YAODU, HONGTONG, PROVINCIAL, YAODU))
        drop[f"{year}/staff/all.csv"] = csv([STAFF_HEAD, *(staff(school, serial) for serial, school in people)])
    return drop


def deliver(folder, version=0, years=YEARS, earlier=0):
    """Writes the drop folder: 2024 of this version, the year before of an earlier one."""
    for path, content in files(version, years, earlier).items():
        to = folder / path
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(content)
        # A time before the pinned clock, the same everywhere.
        time = 1_725_000_000 + 10 * version + earlier
        os.utime(to, (time, time))
    return folder
