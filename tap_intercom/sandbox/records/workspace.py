"""What do the workspace, its admins and teams, its attributes and its activity log look like?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .dice import DAY
from .world import (
    ADMIN_IDS,
    ADMIN_NAMES,
    EMPTY_TEAM,
    TEAM_IDS,
    TEAM_NAMES,
    TEAMS,
    WORKSPACE_ID,
    members,
)

if TYPE_CHECKING:
    from ..tables import Stub
    from .world import World

Json = dict[str, Any]

AWAY, SEATLESS = 5, 7


def admin(index: int) -> Json:
    """Build a teammate."""
    avatar = None if index % 3 else f"https://images.example.com/admin{index}.png"
    teams = [TEAM_IDS[team] for team in range(TEAMS) if index in members(team)]
    first = [TEAM_IDS[team] for team in range(TEAMS) if index in members(team)[:1]]
    others = [team for team in teams if team not in first]
    priority = {"primary_team_ids": first, "secondary_team_ids": others} if teams else {}
    return {
        "type": "admin",
        "id": str(ADMIN_IDS[index]),
        "name": ADMIN_NAMES[index],
        "email": f"admin{index}@example.com",
        "job_title": None if index % 2 else "Support → Lead",
        "away_mode_enabled": index == AWAY,
        "away_mode_reassign": False,
        "away_status_reason_id": 12_345 if index == AWAY else None,
        "has_inbox_seat": index != SEATLESS,
        "team_ids": teams,
        "avatar": avatar,
        "team_priority_level": priority,
        "role": {"type": "role", "id": str(index % 2 + 1), "name": "Agent"} if index % 4 else None,
    }


def me(world: World) -> Json:
    """Build the admin who owns the token, and the workspace around them."""
    return {
        "type": "admin",
        "id": str(ADMIN_IDS[0]),
        "email": "admin0@example.com",
        "name": ADMIN_NAMES[0],
        "job_title": "Support → Lead",
        "away_mode_enabled": False,
        "away_mode_reassign": False,
        "has_inbox_seat": True,
        "team_ids": [],
        "email_verified": True,
        "app": {
            "type": "app",
            "id_code": WORKSPACE_ID,
            "name": "Sandbox Ünlimited 🏖",
            "created_at": world.start - 731 * DAY,
            "secure": False,
            "identity_verification": False,
            "timezone": world.timezone,
            "region": "US",
        },
        "avatar": {"type": "avatar", "image_url": "https://images.example.com/admin0.png"},
    }


def team(index: int) -> Json:
    """Build a team."""
    admins = [ADMIN_IDS[number] for number in members(index)]
    levels = {"primary_admin_ids": admins[:1], "secondary_admin_ids": None}
    return {
        "type": "team",
        "id": str(TEAM_IDS[index]),
        "name": TEAM_NAMES[index],
        "admin_ids": admins,
        "admin_priority_level": None if index == EMPTY_TEAM else levels,
        "assignment_limit": None if index % 2 else 10,
        "distribution_method": None if index % 2 else "round_robin",
    }


STANDARD: dict[str, tuple[tuple[str, str], ...]] = {
    "contact": (
        ("id", "string"),
        ("email", "string"),
        ("name", "string"),
        ("phone", "string"),
        ("created_at", "datetime"),
        ("updated_at", "datetime"),
        ("signed_up_at", "datetime"),
        ("last_seen_at", "datetime"),
        ("location_data.city_name", "string"),
    ),
    "company": (
        ("name", "string"),
        ("company_id", "string"),
        ("last_request_at", "datetime"),
        ("remote_created_at", "datetime"),
        ("created_at", "datetime"),
        ("monthly_spend", "float"),
    ),
    "conversation": (
        ("id", "integer"),
        ("title", "string"),
        ("created_at", "datetime"),
        ("source.id", "integer"),
        ("source.author.email", "string"),
        ("statistics.time_to_assignment", "integer"),
        ("ai_agent.rating", "integer"),
    ),
}
CUSTOM: dict[str, tuple[tuple[str, str], ...]] = {
    "contact": (
        ("paid_subscriber", "boolean"),
        ("monthly_spend", "float"),
        ("Favourite Colour 🎨", "string"),
        ("Größe", "integer"),
        ("trial ends at", "date"),
        ("job.title", "string"),
        ("retired", "string"),
    ),
    "company": (
        ("Account Manager", "string"),
        ("renewal date", "date"),
        ("nps", "float"),
        ("note 📝", "string"),
    ),
}


def _attribute(model: str, name: str, data_type: str) -> Json:
    return {
        "type": "data_attribute",
        "name": name.rsplit(".", 1)[-1],
        "full_name": name,
        "label": name.replace("_", " ").capitalize(),
        "description": f"The {name} of a {model}",
        "data_type": data_type,
        "api_writable": name != "id",
        "ui_writable": False,
        "messenger_writable": True,
        "custom": False,
        "archived": False,
        "model": model,
    }


def built_in(model: str) -> list[Json]:
    """Build the attributes that every workspace has, which have neither ids nor times."""
    return [_attribute(model, name, data_type) for name, data_type in STANDARD[model]]


def as_data_attribute(attribute: Json) -> Json:
    """Build what an attribute of conversations was among the attributes of all models."""
    kept = ("id", "description", "archived", "created_at", "updated_at", "admin_id", "options")
    name, data_type = attribute["name"], attribute["data_type"]
    return {
        **_attribute("conversation", f"custom_attributes.{name}", data_type),
        **{field: attribute[field] for field in kept if field in attribute},
        "name": name,
        "label": name,
        "custom": True,
    }


def data_attributes(world: World, model: str) -> list[Json]:
    """Build all attributes of contacts or companies."""
    first = {"contact": 12_800, "company": 12_900}[model]
    created = world.start - 600 * DAY
    custom = [
        {
            **_attribute(model, f"custom_attributes.{name}", data_type),
            "id": first + number,
            "name": name,
            "label": name,
            "description": "",
            "custom": True,
            "archived": name == "retired",
            "options": ["true", "false"] if data_type == "boolean" else None,
            "created_at": created + number,
            "updated_at": created + number * 30 * DAY,
            "admin_id": str(ADMIN_IDS[0]) if number % 2 else None,
        }
        for number, (name, data_type) in enumerate(CUSTOM[model])
    ]
    return [*built_in(model), *custom]


def activity_log(world: World, index: int, stub: Stub) -> Json:
    """Build something that an admin did."""
    dice = world.dice(9, index)
    number = dice.below(len(ADMIN_IDS))
    kind, metadata, description = dice.pick(
        (
            ("admin_login_success", {"sign_in_method": "email_password"}, "logged in."),
            (
                "admin_away_mode_change",
                {"away_mode": True, "away_status_reason": "😌 On a break", "auto_changed": None},
                "went away.",
            ),
            (
                "message_state_change",
                {"message": {"id": 123, "title": "Grüße"}, "before": "draft", "after": "live"},
                "changed your Grüße message from draft to live.",
            ),
            ("app_name_change", {"before": "before", "after": "after"}, "renamed the app."),
            ("an_activity_of_next_year", {}, "did something new."),
        )
    )
    return {
        "id": stub.id,
        "performed_by": {
            "type": "admin",
            "id": str(ADMIN_IDS[number]),
            "email": f"admin{number}@example.com",
            "ip": f"192.0.2.{number + 1}",
        },
        "metadata": metadata,
        "created_at": stub.created_at,
        "activity_type": kind,
        "activity_description": f"{ADMIN_NAMES[number]} {description}",
    }
