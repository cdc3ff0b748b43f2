"""Import kinds of the tenants module."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.importing import ImportField, ImportKind

from .models.firm import FIELDS, INDUSTRIES, TAXPAYERS, TRACKS
from .services import firm_import as firm

CAPITAL = ("capital_amount", "capital_currency", "capital_text")

IMPORTS = [
    ImportKind(
        code="tenants.firms", title=_l("Firms"), resource="tenants.firm", model="modules.tenants.models.firm:Firm",
        key=("credit_code",), prepare=firm.prepare,
        help=_l("Firms are found by their credit code; new ones become register entries. Teams without a code are "
                "registered on the screen."),
        fields=(
            ImportField("credit_code", _l("Unified social credit code"), required=True, parse=firm.read_code, empty=firm.NOT_STATED,
                        aliases=("统一社会信用代码", "社会信用代码", "信用代码", "统一信用代码", "统一代码", "Credit code", "USCC")),
            ImportField("name", _l("Name"), required=True, parse=firm.read_name,
                        aliases=("企业名称", "公司名称", "单位名称", "名称", "企业", "Company", "Company name", "Firm")),
            ImportField("short_name", _l("Short name"), aliases=("简称", "企业简称")),
            ImportField("name_en", _l("English name"), aliases=("英文名称", "英文名", "企业英文名称")),
            ImportField("registered_on", _l("Registered on"), kind="date", empty=firm.NOT_STATED,
                        aliases=("注册日期", "成立日期", "注册时间", "成立时间", "登记日期", "Registration date", "Founded on")),
            ImportField("firm_type", _l("Company type as registered"), parse=firm.read_firm_type, empty=firm.NOT_STATED,
                        fills=("firm_type", "registration_type"),
                        aliases=("企业类型", "公司类型", "主体类型", "登记注册类型", "Company type")),
            ImportField("legal_representative", _l("Legal representative"), empty=firm.NOT_STATED,
                        aliases=("法人代表", "法定代表人", "法人", "负责人", "Legal person")),
            ImportField("capital", _l("Registered capital"), parse=firm.read_capital, fills=CAPITAL, empty=firm.NOT_STATED,
                        aliases=("注册资金", "注册资本", _l("Registered capital as written")), max_length=100,
                        help=_l("As written, such as 500万元; what is not certain stays empty")),
            ImportField("business_scope", _l("Business scope"), empty=firm.NOT_STATED, max_length=10_000,
                        aliases=("经营范围", "业务范围")),
            ImportField("province", _l("Province"), aliases=("所在省份", "省份", "省"), empty=firm.NOT_STATED),
            ImportField("city", _l("City"), aliases=("地区", "城市", "所在城市", "市"), empty=firm.NOT_STATED),
            ImportField("address", _l("Registered address"), aliases=("注册地址", "地址", "住所", "企业地址", "Address"),
                        empty=firm.NOT_STATED),
            ImportField("phone", _l("Phone"), aliases=("电话", "联系电话", "手机", "手机号", "Telephone"), empty=firm.NOT_STATED),
            ImportField("email", _l("E-mail"), aliases=("邮箱", "电子邮箱", "电子邮件", "Email"), empty=firm.NOT_STATED),
            ImportField("bank_name", _l("Bank of the firm"), aliases=("开户银行", "开户行"), empty=firm.NOT_STATED),
            ImportField("bank_account", _l("Account at the bank"), aliases=("银行账号", "账号"), empty=firm.NOT_STATED),
            ImportField("website", _l("Website"), aliases=("网址", "官网", "网站"), empty=firm.NOT_STATED),
            ImportField("track", _l("Industry track"), kind="choice", choices=TRACKS, aliases=("产业方向", "赛道", "产业领域"),
                        extra={"生物医药": "biomed", "软件信息": "software", "软件与信息": "software", "文化创意": "culture",
                               "智能制造": "manufacturing"}),
            ImportField("technology_field", _l("Technology field"), kind="choice", choices=FIELDS,
                        aliases=("技术领域", "所属技术领域")),
            ImportField("industry", _l("Industry sector"), kind="choice", choices=INDUSTRIES, aliases=("行业门类", "行业")),
            ImportField("industry_code", _l("Industry code"), aliases=("行业代码", "国民经济行业代码")),
            ImportField("taxpayer", _l("Taxpayer type"), kind="choice", choices=TAXPAYERS, aliases=("纳税人类型", "纳税人资质"),
                        extra={"一般纳税人": "general", "小规模纳税人": "small"}),
            ImportField("products", _l("Main products and technology"), aliases=("主要产品", "主要产品及技术")),
            ImportField("source", _l("Source"), aliases=("来源", "数据来源")),
            ImportField("note", _l("Note"), aliases=("备注",)),
        )),
]
