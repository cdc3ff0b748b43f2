"""Electronic invoices (数电票), pure: what an invoice holds, what is wrong with it before it is asked for, and the rows of the
workbook for issuing in batches. Formats: domain.md 10.2. Chinese here is the tax office's own column titles and codes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

ADDRESS_MAX = 120
NAME_MAX = 100
LINES_MAX = 2000
AREA_UNITS = ("平方米", "亩", "㎡", "平方千米", "公顷", "h㎡", "k㎡")
PLATE = re.compile(r"[\u4e00-\u9fff][A-Z][A-Z0-9]{5,6}")
CREDIT_CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")
NONE = "无"

BASIC = (
    "发票流水号",
    "发票类型",
    "特定业务类型",
    "是否含税",
    "受票方自然人标识",
    "购买方名称",
    "证件类型",
    "购买方纳税人识别号",
    "购买方地址",
    "购买方电话",
    "购买方开户银行",
    "购买方银行账号",
    "备注",
    "销售方开户行",
    "销售方银行账号",
    "红字原蓝字发票号码",
    "红字原因",
)
DETAIL = (
    "发票流水号",
    "项目名称",
    "商品和服务税收编码",
    "规格型号",
    "单位",
    "数量",
    "单价",
    "金额",
    "税率",
    "折扣金额",
    "是否使用优惠政策",
    "优惠政策类型",
)
SPECIAL = (
    "发票流水号",
    "不动产地址（省市区）",
    "不动产详细地址",
    "租赁期起",
    "租赁期止",
    "跨地（市）标志",
    "产权证书/不动产权证号",
    "面积单位",
    "车牌号",
)


@dataclass(frozen=True)
class LeaseBlock:
    """What the special block 06 says of leased real estate. `region`: province, city, district; `plates` for parking only."""

    region: str | None
    address: str | None
    certificate: str | None = None
    area_unit: str = "平方米"
    cross_city: bool = False
    plates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """One invoice line; amounts incl. VAT in yuan. rate None: exempt. discount ≥ 0 is taken off this line."""

    name: str
    tax_code: str | None
    amount: Decimal
    rate: Decimal | None
    unit: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    discount: Decimal = Decimal(0)


@dataclass(frozen=True)
class Invoice:
    """One invoice to be asked for. `block`: 06 for leased real estate, 00 otherwise."""

    serial: str
    buyer: str
    buyer_code: str | None
    lines: Sequence[Line]
    block: str = "00"
    address: str | None = None
    phone: str | None = None
    bank: str | None = None
    bank_account: str | None = None
    seller_bank: str | None = None
    seller_account: str | None = None
    note: str | None = None
    person: bool = False
    lease: LeaseBlock | None = None
    lease_from: date | None = None
    lease_to: date | None = None
    red_number: str | None = None
    red_reason: str | None = None
    problems: list[str] = field(default_factory=list)


def problems(invoice: Invoice) -> list[str]:
    """Codes of what is missing or too long; empty when it may be asked for."""
    out = []
    if not invoice.buyer.strip() or len(invoice.buyer) > NAME_MAX:
        out.append("buyer")
    if not invoice.person and not CREDIT_CODE.fullmatch(invoice.buyer_code or ""):
        out.append("buyer_code")
    if not invoice.lines or len(invoice.lines) > LINES_MAX:
        out.append("lines")
    if any(not re.fullmatch(r"\d{19}", line.tax_code or "") for line in invoice.lines):
        out.append("tax_code")
    red = invoice.red_number is not None
    if any((line.amount - line.discount <= 0) is not red or line.discount < 0 for line in invoice.lines):
        out.append("negative")
    if red and not re.fullmatch(r"\d{20}", invoice.red_number or ""):
        out.append("red_number")
    return out + (lease_problems(invoice) if invoice.block == "06" else [])


def lease_problems(invoice: Invoice) -> list[str]:
    """The block of leased real estate: combined address of at most 120 characters, days, certificate or 无, area unit, plates."""
    block, out = invoice.lease, []
    if block is None or not (block.region or "").strip() or not (block.address or "").strip():
        out.append("lease_address")
    elif len(block.region or "") + len(block.address or "") > ADDRESS_MAX:
        out.append("lease_address_long")
    if invoice.lease_from is None or invoice.lease_to is None or invoice.lease_to < invoice.lease_from:
        out.append("lease_period")
    if block is not None and block.area_unit not in AREA_UNITS:
        out.append("area_unit")
    if block is not None and any(not PLATE.fullmatch(p) for p in block.plates):
        out.append("plates")
    return out


def text(value: Decimal | None) -> str:
    """A number as the workbook takes it: no exponent, no trailing zeros of a price."""
    if value is None:
        return ""
    plain = format(value, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def basic_row(i: Invoice) -> tuple[str, ...]:
    """The row of 发票基本信息."""
    return (
        i.serial,
        "数电发票（普通发票）" if i.person else "数电发票（增值税专用发票）" if _special(i) else "数电发票（普通发票）",
        "06" if i.block == "06" else "",
        "是",
        "是" if i.person else "否",
        i.buyer,
        "",
        i.buyer_code or "",
        i.address or "",
        i.phone or "",
        i.bank or "",
        i.bank_account or "",
        i.note or "",
        i.seller_bank or "",
        i.seller_account or "",
        i.red_number or "",
        i.red_reason or "",
    )


def _special(i: Invoice) -> bool:
    """Exempt sales get no special invoice (VAT Law)."""
    return not i.person and all(line.rate is not None for line in i.lines)


def detail_rows(i: Invoice) -> list[tuple[str, ...]]:
    """The rows of 发票明细信息; an exempt line is marked 免税."""
    return [
        (
            i.serial,
            line.name,
            line.tax_code or "",
            "",
            line.unit or "",
            text(line.quantity),
            text(line.price),
            f"{line.amount:.2f}",
            "免税" if line.rate is None else text(line.rate),
            f"{line.discount:.2f}" if line.discount else "",
            "是" if line.rate is None else "否",
            "免税" if line.rate is None else "",
        )
        for line in i.lines
    ]


def special_row(i: Invoice) -> tuple[str, ...] | None:
    """The row of 特定业务信息, for leased real estate only."""
    if i.block != "06" or i.lease is None or i.lease_from is None or i.lease_to is None:
        return None
    b = i.lease
    return (
        i.serial,
        b.region or "",
        b.address or "",
        i.lease_from.isoformat(),
        i.lease_to.isoformat(),
        "Y" if b.cross_city else "N",
        (b.certificate or "").strip() or NONE,
        b.area_unit,
        "、".join(b.plates),
    )


def discounted(lines: Sequence[Line]) -> list[Line]:
    """Negative lines become a discount of lines of the same rate and code, then of the same rate; what cannot be placed stays
    negative and is reported."""
    kept, reducing = [x for x in lines if x.amount > 0], [x for x in lines if x.amount < 0]
    for minus in sorted(reducing, key=lambda x: x.amount):
        left = -minus.amount
        order = sorted(range(len(kept)), key=lambda n: kept[n].tax_code != minus.tax_code)
        for n in order:
            room = kept[n].amount - kept[n].discount
            if kept[n].rate != minus.rate or room <= 0 or not left:
                continue
            part = min(room, left)
            kept[n] = Line(**{**kept[n].__dict__, "discount": kept[n].discount + part})
            left -= part
        if left:
            kept.append(Line(**{**minus.__dict__, "amount": -left}))
    return [x for x in kept if x.amount != x.discount]
