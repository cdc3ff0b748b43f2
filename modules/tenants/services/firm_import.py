"""Import of the firm master: what a cell means, and the checks a whole chunk goes through.

Key is the unified social credit code inside the park. New records start as register entries (`prospect`): an import never
makes a tenant, admission does. A changed name is taken as a correction; a dated renaming is made on the firm's page."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Any

from stdnum.cn import uscc
from stdnum.exceptions import InvalidChecksum, InvalidLength, ValidationError

from parkops.i18n import _l
from parkops.importing import BadValue, ImportRow

from ..calc_capital import parse_capital

NOT_STATED = ("N/A", "n/a", "NA", "无", "-", "—", "/", "暂无", "不详")
OLDEST = date(1840, 1, 1)

# Words of the register that name one registration type and nothing else; other texts are kept as they are, untyped.
REGISTRATION = {
    "有限责任公司": "limited", "有限责任公司(国有控股)": "limited", "其他有限责任公司": "limited",
    "有限责任公司(自然人投资或控股)": "limited", "有限责任公司(自然人独资)": "sole_person",
    "一人有限责任公司": "sole_person", "股份有限公司": "shares", "股份有限公司(上市)": "shares",
    "国有企业": "state", "全民所有制": "state", "集体所有制": "collective", "集体企业": "collective",
    "个人独资企业": "private", "普通合伙": "partnership", "有限合伙": "partnership", "普通合伙企业": "partnership",
    "有限合伙企业": "partnership", "个体工商户": "individual", "个体": "individual", "农民专业合作社": "cooperative",
    "集体分支机构(非法人)": "branch", "有限责任公司分公司": "branch",
}


def read_code(text: str) -> str:
    """A valid unified social credit code (GB 32100-2015); wide characters, blanks and small letters are put right."""
    code = "".join(unicodedata.normalize("NFKC", text).split()).replace("-", "").upper()
    try:
        return uscc.validate(code)
    except InvalidLength:
        raise BadValue(_l("The credit code must have 18 characters, this one has %(n)s; correct it.", n=len(code))) from None
    except InvalidChecksum:
        raise BadValue(_l("The check character of credit code %(code)s is wrong; compare it with the licence.",
                          code=code[:30])) from None
    except ValidationError:
        raise BadValue(_l("Credit code %(code)s is not formed as codes are (eight digits, then digits and capital letters "
                          "without I, O, S, V, Z); correct it.", code=code[:30])) from None


def read_name(text: str) -> str:
    if not any(c.isalnum() for c in text):
        raise BadValue(_l("The name of the firm holds no letter; correct it."))
    return text


def read_firm_type(text: str) -> dict[str, Any]:
    """The text as registered, and the registration type when the text names exactly one."""
    plain = text.replace("（", "(").replace("）", ")").replace(" ", "")
    return {"firm_type": text, "registration_type": REGISTRATION.get(plain)}


def read_capital(text: str) -> dict[str, Any]:
    """Amount and currency when certain; the text is always kept, so that a person can decide later."""
    amount, currency = parse_capital(text)
    return {"capital_amount": amount, "capital_currency": currency, "capital_text": text}


def prepare(session: Any, rows: list[ImportRow], on: date) -> None:
    """Checks across columns: days that cannot be, and amounts whose currency was cleared."""
    for row in rows:
        registered = row.values.get("registered_on")
        if registered is not None and registered > on:
            row.refuse("record.future_date", _l("The registration date %(day)s lies in the future; correct it.",
                                                 day=registered.isoformat()), "registered_on")
        elif registered is not None and registered < OLDEST:
            row.refuse("tenants.old_date", _l("The registration date %(day)s is too early; correct it.",
                                              day=registered.isoformat()), "registered_on")
