//! Why a room does not let us in or put us out, in words that name the way out. Pure.

use std::time::Duration;

/// Why we are not in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It does not show who people are.
    Anonymous,
    /// We were banned.
    Banned(String),
    /// It is no more.
    Destroyed(String),
    /// We were put out.
    Kicked(String),
    /// We were not let in, for an error's condition.
    Refused { condition: String, why: String },
    /// There was no such room, until we came.
    Unknown,
}

impl Reason {
    /// What it means to an operator: what to do, and what the room said.
    pub(crate) fn explain(&self) -> String {
        match self {
            Self::Anonymous => "it does not show who people are: have it show real JIDs to anyone (non-anonymous), \
                                make us a moderator, or set anonymous_rooms = \"claimed\", with which nobody there is vouched for"
                .into(),
            Self::Banned(why) => format!("we are banned from it: lift the ban and have us join again ({why})"),
            Self::Destroyed(why) => format!("it was destroyed ({why})"),
            Self::Kicked(why) => why.clone(),
            Self::Refused { condition, why } => match advice(condition) {
                Some(advice) => format!("{advice} ({why})"),
                None => why.clone(),
            },
            Self::Unknown => "there is no such room: create it first, so that it is as you want it".into(),
        }
    }

    /// After how long it is tried again; `None` for not by ourselves. A room that we were put out of is [`Reason::Kicked`],
    /// and how often that happened decides.
    pub(crate) fn pause(&self) -> Option<Duration> {
        match self {
            Self::Banned(_) => None,
            Self::Refused { condition, .. } if condition == "forbidden" => None,
            Self::Refused { condition, .. } if PASSING.contains(&condition.as_str()) => {
                Some(Duration::from_mins(1))
            }
            Self::Destroyed(_) | Self::Unknown => Some(Duration::from_mins(30)),
            Self::Anonymous | Self::Kicked(_) | Self::Refused { .. } => Some(Duration::from_mins(5)),
        }
    }
}

/// XEP-0045, section 7.2.
fn advice(condition: &str) -> Option<&'static str> {
    Some(match condition {
        "conflict" => "all the nicks that we tried are taken: set another nick",
        "forbidden" => "we are banned from it: lift the ban and have us join again",
        "item-not-found" => "there is no such room, or it is being made: create it first",
        "not-allowed" => "there is no such room, and we may make none: create it first",
        "not-authorized" => "its password is missing or wrong: write it after the room, as \"room@host password\"",
        "registration-required" => "it is for members only: make our JID a member",
        "service-unavailable" => "it is full: have it take more people, or make us an administrator",
        "remote-server-not-found" | "remote-server-timeout" => "its server does not answer",
        _ => return None,
    })
}

/// What passes by itself.
const PASSING: [&str; 4] =
    ["remote-server-timeout", "resource-constraint", "internal-server-error", "remote-server-not-found"];

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(condition: &str) -> Reason {
        Reason::Refused { condition: condition.into(), why: "no".into() }
    }

    #[test]
    fn a_refusal_names_the_way_out_and_what_the_room_said() {
        assert_eq!(
            refused("registration-required").explain(),
            "it is for members only: make our JID a member (no)"
        );
        assert_eq!(refused("gone").explain(), "no");
    }

    #[test]
    fn a_ban_is_final_and_what_passes_by_itself_is_tried_sooner() {
        assert_eq!(refused("forbidden").pause(), None);
        assert!(refused("remote-server-timeout").pause() < refused("not-authorized").pause());
    }
}
