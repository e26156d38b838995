"""What the study list is asked for, between an address and a search. The address is all there is: it can be kept."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from pacs.search.criteria import Criterion, Exact, Range
from pacs.search.find import Search
from pacs.search.order import Order

STUDY_DATE, MODALITIES = 0x00080020, 0x00080061
TYPED: Mapping[str, int] = MappingProxyType(
    {"name": 0x00100010, "id": 0x00100020, "accession": 0x00080050, "description": 0x00081030}
)
PERIOD_DAYS: Mapping[str, int] = MappingProxyType({"today": 1, "week": 7, "month": 30})
COMMON_MODALITIES = (
    "CT",
    "MR",
    "US",
    "CR",
    "DX",
    "MG",
    "XA",
    "RF",
    "NM",
    "PT",
    "ECG",
    "RTSTRUCT",
    "SR",
    "OT",
)
ROWS = 50


class FilterForm(forms.Form):
    """The fields of the list's address; every one may be absent."""

    q = forms.CharField(max_length=200, required=False, label=_("Search"))
    period = forms.ChoiceField(
        required=False,
        label=_("Study date"),
        choices=[
            ("", _("Any date")),
            ("today", _("Today")),
            ("week", _("7 days")),
            ("month", _("30 days")),
            ("range", _("From – to")),
        ],
    )
    since = forms.DateField(required=False, label=_("From"))
    until = forms.DateField(required=False, label=_("To"))
    modality = forms.CharField(max_length=16, required=False, label=_("Modality"))
    name = forms.CharField(max_length=200, required=False, label=_("Patient name"))
    id = forms.CharField(max_length=64, required=False, label=_("Patient ID"))
    accession = forms.CharField(max_length=64, required=False, label=_("Accession number"))
    description = forms.CharField(max_length=200, required=False, label=_("Description"))
    sort = forms.ChoiceField(
        required=False,
        label=_("Sorted by"),
        choices=[
            (Order.NEWEST.value, _("Study date, newest first")),
            (Order.OLDEST.value, _("Study date, oldest first")),
            (Order.ARRIVED.value, _("Arrival, newest first")),
            (Order.NAME.value, _("Patient name, A to Z")),
            (Order.NAME_DESCENDING.value, _("Patient name, Z to A")),
        ],
    )
    after = forms.UUIDField(required=False)
    before = forms.UUIDField(required=False)
    start = forms.IntegerField(required=False, min_value=0, max_value=10**9)


@dataclass(frozen=True)
class Asked:
    """A valid address of the list: the search, where its page begins, and the parameters that narrow it."""

    search: Search
    start: int
    narrowing: tuple[tuple[str, str], ...]
    sort: str

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the order was asked for."""
        return bool(self.narrowing)

    def address(self, **changes: object) -> str:
        """Return the query string of this list with other paging or order."""
        query = QueryDict(mutable=True)
        for name, value in self.narrowing:
            query[name] = value
        if self.sort != Order.NEWEST.value:
            query["sort"] = self.sort
        for name, change in changes.items():
            query[name] = str(change)
        return query.urlencode()


def read(form: FilterForm, *, today: date) -> Asked:
    """Return what a valid form asks for; `today` is the clinic's."""
    values = form.cleaned_data
    sort = values["sort"] or Order.NEWEST.value
    search = Search(
        criteria=tuple(_criteria(values, today)),
        typed=tuple((tag, values[name]) for name, tag in TYPED.items() if values[name]),
        anywhere=values["q"],
        limit=ROWS,
        order=Order(sort),
        after=cast(uuid.UUID | None, values["after"]),
        before=cast(uuid.UUID | None, values["before"]),
    )
    return Asked(search, values["start"] or 0, tuple(_narrowing(form)), sort)


def _criteria(values: Mapping[str, object], today: date) -> list[Criterion]:
    found = []
    low, high = _dates(values, today)
    if low or high:
        found.append(Criterion(STUDY_DATE, Range(low, high)))
    modality = str(values["modality"])
    if modality:
        found.append(Criterion(MODALITIES, Exact(modality)))
    return found


def _dates(values: Mapping[str, object], today: date) -> tuple[date | None, date | None]:
    period = str(values["period"])
    if period in PERIOD_DAYS:
        return today - timedelta(days=PERIOD_DAYS[period] - 1), today
    if period == "range":
        return cast(date | None, values["since"]), cast(date | None, values["until"])
    return None, None


def _narrowing(form: FilterForm) -> list[tuple[str, str]]:
    period = form.cleaned_data["period"]
    named = ["q", "period", *(["since", "until"] if period == "range" else []), "modality", *TYPED]
    return [(name, form.data[name].strip()) for name in named if form.data.get(name, "").strip()]
