"""What do contacts, companies, segments and tags look like?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .dice import (
    CITIES,
    COMPANY_NAMES,
    DAY,
    FIRST_NAMES,
    LAST_NAMES,
    SENTENCES,
    Dice,
    person,
)
from .world import (
    ADMIN_IDS,
    ADMIN_NAMES,
    SUBSCRIPTION_IDS,
    TAG_IDS,
    USERS,
    WORKSPACE_ID,
)

if TYPE_CHECKING:
    from ..tables import Stub
    from .world import World

Json = dict[str, Any]

INLINE_AT_MOST = 10
WITHOUT, WITH_MANY, MOST = 0.45, 0.96, 30
RICH, NOTED, TALKED_ABOUT, EMPLOYED, EMPLOYERS = 1, 2, 120, 4, 75
POPULAR, KNOWN, KNOWN_COMPANIES, GOLDEN = 0.45, 600, 9, 0.618034
INLINE = {
    "tags": ("tag", "tags"),
    "notes": ("note", "notes"),
    "companies": ("company", "companies"),
    "opted_out_subscription_types": ("subscription", "subscriptions"),
    "opted_in_subscription_types": ("subscription", "subscriptions"),
}
MANY_GRANTS = 70
LAST_TIME = 9_999_999_999


def inline(name: str, parent: str, ids: list[str], *, of: str = "contacts") -> Json:
    """Build a list inside a contact or a company: the first ten, and how many there are."""
    kind, path = INLINE[name]
    url = f"/{of}/{parent}/{path}"
    shown = [
        {"id": one, "type": kind, "url": url if kind == "company" else f"/{kind}s/{one}"}
        for one in ids[:INLINE_AT_MOST]
    ]
    return {
        "type": "list",
        "data": shown,
        "url": url,
        "total_count": len(ids),
        "has_more": len(ids) > INLINE_AT_MOST,
    }


def _how_many(dice: Dice, *, many: bool) -> int:
    """Count what hangs on a contact: mostly a few, sometimes more than are shown inline."""
    throw = dice.random()
    if many or throw > WITH_MANY:
        return INLINE_AT_MOST + 1 + dice.below(MOST - INLINE_AT_MOST)
    return 0 if throw < WITHOUT else int(throw * 5)


def links(world: World, index: int) -> dict[str, list[str]]:
    """Every id in the lists of a contact; the contact itself shows ten of each."""
    dice = world.dice(14, index)
    many = index == RICH
    tags = _how_many(dice, many=many)
    tag = dice.below(len(TAG_IDS))
    notes = TALKED_ABOUT if index == NOTED else _how_many(dice, many=many)
    companies = EMPLOYERS if index == EMPLOYED else _how_many(dice, many=many)
    popular = dice.chance(POPULAR) and index < KNOWN
    # Without a throw for these, which would change all that is thrown after it.
    known = int(KNOWN_COMPANIES * (index * GOLDEN % 1) ** 4)
    company = known if popular else int(world.companies * dice.random() ** 2)
    chosen = [one for one in SUBSCRIPTION_IDS if dice.chance(0.25)]
    return {
        "tags": [*(TAG_IDS + TAG_IDS)[tag : tag + tags]],
        "notes": [str(17_000_000 + 200 * index + number) for number in reversed(range(notes))],
        "companies": [
            world.company_id((company + number) % world.companies) for number in range(companies)
        ],
        "opted_out_subscription_types": [one for one in chosen if not opts_in(one)],
        "opted_in_subscription_types": [one for one in chosen if opts_in(one)],
    }


def _seen(dice: Dice, stub: Stub) -> int | None:
    """Say when a contact was last seen; imported history is older than the epoch, or zero."""
    if dice.chance(0.25):
        return None
    if dice.chance(0.05):
        return dice.pick((0, -3 * DAY))
    return stub.updated_at - dice.below(9_000)


def _custom(dice: Dice, stub: Stub) -> Json:
    if dice.chance(0.15):
        return {}
    return {
        "paid_subscriber": dice.chance(0.4),
        "monthly_spend": round(dice.random() * 900, 2) if dice.chance(0.7) else None,
        "Favourite Colour 🎨": dice.pick(("grün", "blue", "", None)),
        "Größe": dice.below(60),
        "trial ends at": LAST_TIME if dice.chance(0.02) else stub.created_at + 14 * DAY,
        "job.title": dice.pick(("CEO", "Ingénieure", None)),
        "orders": {
            "type": "Order.list",
            "instances": [{"type": "Order", "id": str(dice.below(10**6)), "external_id": None}]
            if dice.chance(0.3)
            else [],
        },
    }


def _device(dice: Dice, stub: Stub) -> Json:
    web = dice.chance(0.6)
    android = dice.chance(0.1)
    ios = dice.chance(0.1)
    return {
        "browser": "chrome" if web else None,
        "browser_version": "120.0.6099.71" if web else None,
        "browser_language": "pt-BR" if web else None,
        "os": "OS X 10.15.7" if web else None,
        "android_app_name": "Sandbox" if android else None,
        "android_app_version": "5.0.0" if android else None,
        "android_device": "Pixel 3" if android else None,
        "android_os_version": "10" if android else None,
        "android_sdk_version": "28" if android else None,
        "android_last_seen_at": stub.updated_at - 60 if android else None,
        "ios_app_name": "Sandbox" if ios else None,
        "ios_app_version": "5.0.0" if ios else None,
        "ios_device": "iPhone 11" if ios else None,
        "ios_os_version": "13.3.1" if ios else None,
        "ios_sdk_version": "13.3.1" if ios else None,
        "ios_last_seen_at": stub.updated_at - 61 if ios else None,
    }


def _campaign(dice: Dice) -> Json:
    came = dice.chance(0.2)
    return {
        "utm_campaign": "spring→sale" if came else None,
        "utm_content": None,
        "utm_medium": "email" if came else None,
        "utm_source": "newsletter" if came else None,
        "utm_term": None,
        "referrer": "https://www.example.com/?q=a+b" if came else None,
    }


def _called(dice: Dice, index: int) -> tuple[bool, str | None, str | None]:
    """Say whether a contact is a user, or a lead, and what they are called."""
    user = dice.chance(USERS)
    name = f"{dice.pick(FIRST_NAMES)} {dice.pick(LAST_NAMES)}" if dice.chance(0.85) else None
    return user, name, f"contact-{index}@example.com" if user or dice.chance(0.5) else None


def author(world: World, index: int) -> Json:
    """Build a contact as the author of something."""
    user, name, mail = _called(world.dice(1, index), index)
    kind = "user" if user else "lead"
    return {"type": kind, "id": world.contact_id(index), "name": name, "email": mail}


def contact(world: World, index: int, stub: Stub) -> Json:
    """Build a contact."""
    dice = world.dice(1, index)
    user, name, mail = _called(dice, index)
    country, region, city, country_code, continent = dice.pick(CITIES)
    placed = dice.chance(0.7)
    picture = f"https://images.example.com/{stub.id}.png"
    engaged = dice.chance(0.4)
    return {
        "type": "contact",
        "id": stub.id,
        "workspace_id": WORKSPACE_ID,
        "external_id": world.external_id(index),
        "role": "user" if user else "lead",
        "email": mail,
        "email_domain": mail and "example.com",
        "phone": f"+1555{index:07d}" if dice.chance(0.3) else None,
        "name": name,
        # Text, whatever the description says.
        "avatar": picture if dice.chance(0.3) else None,
        "owner_id": str(dice.pick(ADMIN_IDS)) if dice.chance(0.4) else None,
        "social_profiles": {
            "type": "list",
            "data": [
                {
                    "type": "social_profile",
                    "name": "Twitter",
                    "url": f"https://social.example.com/{index}",
                }
            ]
            if dice.chance(0.1)
            else [],
        },
        "has_hard_bounced": dice.chance(0.02),
        "marked_email_as_spam": dice.chance(0.01),
        "unsubscribed_from_emails": dice.chance(0.1),
        "unsubscribed_from_sms": False,
        "sms_consent": dice.chance(0.1),
        "created_at": stub.created_at,
        "updated_at": stub.updated_at,
        "signed_up_at": stub.created_at if user else None,
        "last_seen_at": _seen(dice, stub),
        "last_replied_at": stub.updated_at - 500 if engaged else None,
        "last_contacted_at": stub.updated_at - 400 if engaged else None,
        "last_email_opened_at": stub.updated_at - 300 if engaged else None,
        "last_email_clicked_at": None,
        "language_override": "pt-BR" if dice.chance(0.05) else None,
        **_device(dice, stub),
        "location": {
            "type": "location",
            "country": country if placed else None,
            "region": region if placed else None,
            "city": city if placed else None,
            "country_code": country_code if placed else None,
            "continent_code": continent if placed else None,
        },
        "custom_attributes": _custom(dice, stub),
        **{name: inline(name, stub.id, ids) for name, ids in links(world, index).items()},
        **_campaign(dice),
    }


def contact_reference(world: World, index: int) -> Json:
    """Build what others show of a contact who takes part in them."""
    return {
        "type": "contact",
        "id": world.contact_id(index),
        "external_id": world.external_id(index),
    }


def changed_contact(record: Json, dice: Dice, at: int) -> Json:
    """Let something happen to a contact."""
    custom = record.get("custom_attributes")
    spend = round(dice.random() * 900, 2)
    signs_up = record.get("role") == "lead" and dice.chance(0.2)
    signed_up = {"role": "user", "external_id": f"user-since-{at}", "signed_up_at": at}
    return {
        **record,
        **(signed_up if signs_up else {}),
        "updated_at": at,
        "last_seen_at": at,
        "name": person(dice) if dice.chance(0.2) else record.get("name"),
        "custom_attributes": {**(custom or {}), "monthly_spend": spend},
    }


def company(world: World, index: int, stub: Stub) -> Json:
    """Build a company; one in twelve has no users, and many have no plan."""
    dice = world.dice(2, index)
    tags = dice.below(4)
    remote = dice.chance(0.8)
    return {
        "type": "company",
        "id": stub.id,
        "company_id": f"company-{index}",
        "app_id": WORKSPACE_ID,
        "name": f"{dice.pick(COMPANY_NAMES)} {index}" if dice.chance(0.95) else None,
        "plan": {"type": "plan", "id": "269315", "name": "Pro ✨"} if dice.chance(0.4) else {},
        "remote_created_at": stub.created_at - 30 * DAY if remote else None,
        "created_at": stub.created_at,
        "updated_at": stub.updated_at,
        "last_request_at": stub.updated_at - dice.below(5_000) if dice.chance(0.7) else None,
        "size": dice.below(5_000) if dice.chance(0.5) else None,
        "website": "https://company.example.com" if dice.chance(0.5) else None,
        "industry": dice.pick(("Software", "Fischerei", None)),
        "monthly_spend": dice.below(2_000),
        "session_count": dice.below(10_000),
        "user_count": 0 if dice.chance(0.08) else 1 + dice.below(40),
        "custom_attributes": {
            "Account Manager": dice.pick(("Ada Müller", None)),
            "renewal date": stub.created_at + 365 * DAY,
            "nps": round(dice.random() * 10, 1),
            "note 📝": dice.pick(SENTENCES),
        }
        if dice.chance(0.6)
        else {},
        "tags": {
            "type": "tag.list",
            "tags": [tag(number) for number in range(index % 20, index % 20 + tags)],
        },
        # Never any in a company, whichever it is in: it has to be asked.
        "segments": {"type": "segment.list", "segments": []},
        "notes": company_notes_inline(stub.id, company_notes(world, index, stub)),
    }


def company_notes_inline(company: str, notes: list[Json]) -> Json:
    """Build the list of notes inside a company."""
    ids = [str(row["id"]) for row in notes]
    return {**inline("notes", company, ids, of="companies"), "type": "note.list"}


def company_notes(world: World, index: int, stub: Stub) -> list[Json]:
    """Build the notes of a company, newest first; one has more than a page of them."""
    dice = world.dice(32, index)
    count = 55 if index == RICH else 1 + dice.below(3) if dice.chance(0.1) else 0
    about = {"company": {"type": "company", "id": stub.id}}
    return [
        note(str(2_000_000_000 + 100 * index + number), stub.created_at + 10 * number, about)
        for number in reversed(range(count))
    ]


def note(identity: str, at: int, about: Json) -> Json:
    """Build a note; of one in five, the author is unknown."""
    number = int(identity) % len(ADMIN_IDS)
    author = {
        "type": "admin",
        "id": str(ADMIN_IDS[number]),
        "name": ADMIN_NAMES[number],
        "email": f"admin{number}@example.com",
        "away_mode_enabled": False,
        "away_mode_reassign": False,
    }
    return {
        "type": "note",
        "id": identity,
        "created_at": at,
        **about,
        "author": author if int(identity) % 5 else None,
        "body": "<p>Renewal is <b>due</b> &ndash; call them.</p>",
    }


def changed_company(record: Json, dice: Dice, at: int) -> Json:
    """Let something happen to a company."""
    return {
        **record,
        "updated_at": at,
        "last_request_at": at,
        "monthly_spend": dice.below(2_000),
        "session_count": (record.get("session_count") or 0) + 1,
    }


def tag(index: int) -> Json:
    """Build a tag."""
    names = ("VIP", "Müll", "bug 🐞", "feature request", "churn-risk", "naïve")
    return {
        "type": "tag",
        "id": TAG_IDS[index],
        "name": f"{names[index % len(names)]} {index // len(names)}",
    }


def opts_in(subscription: str) -> bool:
    """Whether a subscription has to be chosen; the others have to be declined."""
    return int(subscription) % 2 == 1


def subscription_type(index: int) -> Json:
    """Build a type of subscription."""
    english = {"name": f"Newsletter {index}", "description": "What is new", "locale": "en"}
    german = {"name": f"Rundbrief №{index}", "description": None, "locale": "de"}
    return {
        "type": "subscription",
        "id": SUBSCRIPTION_IDS[index],
        "state": ("live", "live", "draft", "archived", "live")[index],
        "consent_type": "opt_in" if opts_in(SUBSCRIPTION_IDS[index]) else "opt_out",
        "default_translation": english,
        "translations": [english, german] if index % 2 else [english],
        "content_types": ["email"] if index else ["email", "sms_message"],
    }


def applied_tag(found: Json, at: int) -> Json:
    """Build a tag as a contact has it."""
    by = {"type": "admin", "id": str(ADMIN_IDS[at % len(ADMIN_IDS)])}
    return {**found, "applied_at": at if at % 9 else None, "applied_by": by}


def granted_companies(world: World, index: int) -> list[Json]:
    """Name the companies whose tickets a contact may read, as the workspace names them."""
    dice = world.dice(31, index)
    count = MANY_GRANTS if index == 0 else dice.below(4) if dice.chance(0.2) else 0
    first = dice.below(world.companies)
    numbers = [(first + number) % world.companies for number in range(count)]
    return [{"company_id": f"company-{number}"} for number in numbers]
