"""Import kinds of leases: contracts taken over from another system, and merchants' turnover."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.importing import ImportField, ImportKind

from ..models.lease import PRICE_BASES, PRORATION, TIMINGS
from ..services import lease_import, turnover

IMPORTS = [
    ImportKind(
        code="leasing.leases",
        title=_l("Running leases"),
        resource="leasing.lease",
        model="modules.leasing.models.lease:Lease",
        key=("number",),
        defaults={"state": "running", "origin": "new", "revision": 1},
        prepare=lease_import.prepare,
        after=lease_import.after,
        children=("leasing_lease_due", "leasing_lease_line", "leasing_lease_unit"),
        help=_l("Contracts that run already, one row each. Instalments that begin by the day of take-over are not charged here."),
        fields=(
            ImportField("number", _l("Number"), required=True, aliases=("合同编号", "合同号", "Lease number"), max_length=40),
            ImportField(
                "firm_code", _l("Unified social credit code"), required=True, aliases=("统一社会信用代码", "信用代码", "承租人代码")
            ),
            ImportField("firm_id", _l("Firm")),
            ImportField("units", _l("Units"), required=True, aliases=("房间", "房号", "单元", "租赁单元")),
            ImportField("starts_on", _l("From"), kind="date", required=True, aliases=("起租日", "开始日期", "租期起", "Start")),
            ImportField("ends_on", _l("Until"), kind="date", aliases=("到期日", "结束日期", "租期止", "End")),
            ImportField("signed_on", _l("Signed on"), kind="date", aliases=("签订日期", "签约日期")),
            ImportField("taken_over_on", _l("Billed elsewhere until"), kind="date", aliases=("已出账至", "接管日")),
            ImportField("carrier_id", _l("Carrier")),
            ImportField("proration", _l("Part months"), kind="choice", choices=PRORATION, aliases=("不足月计算",)),
            ImportField("due_day", _l("Due on day"), kind="int", aliases=("付款日", "应付日")),
            ImportField("late_fee_rate", _l("Late fee per day"), kind="decimal", aliases=("日违约金率",)),
            ImportField("deposit_amount", _l("Pledged deposit"), kind="money", aliases=("押金",)),
            ImportField("rent_basis", _l("Price basis"), kind="choice", choices=PRICE_BASES, aliases=("计价方式",)),
            ImportField("rent_price", _l("Rent"), kind="decimal", required=True, aliases=("单价", "租金单价", "租金")),
            ImportField("rent_cycle", _l("Months per instalment"), kind="int", aliases=("付款周期", "付款周期（月）")),
            ImportField("rent_timing", _l("Timing"), kind="choice", choices=TIMINGS, aliases=("预付后付",)),
            ImportField("fee_price", _l("Property fee per ㎡ and month"), kind="decimal", aliases=("物业费单价", "物业费")),
            ImportField("purpose", _l("Use"), aliases=("用途",), max_length=200),
        ),
    ),
    ImportKind(
        code="leasing.turnover",
        title=_l("Turnover of merchants"),
        resource="leasing.lease_turnover",
        model="modules.leasing.models.lease_terms:LeaseTurnover",
        key=("line_id", "month"),
        defaults={"entered": "imported"},
        prepare=turnover.prepare_import,
        after=turnover.after_import,
        help=_l("One row per lease and month. A month left out stays missing; it is not zero."),
        fields=(
            ImportField("lease_number", _l("Lease number"), required=True, aliases=("合同编号", "合同号")),
            ImportField("line_id", _l("Lease line")),
            ImportField("month", _l("Month"), kind="month", required=True, aliases=("月份", "期间")),
            ImportField("amount", _l("Turnover"), kind="money", required=True, aliases=("营业额", "销售额")),
            ImportField("reported_on", _l("Reported on"), kind="date", aliases=("上报日期",)),
        ),
    ),
]
