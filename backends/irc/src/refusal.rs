//! Why a room does not let us in, in words that name the way out. Pure.

use std::time::Duration;

/// What a refusal to join means to an operator: what to do, and what the server said.
pub(crate) fn explain(code: u16, why: &str) -> String {
    match advice(code) {
        Some(advice) => format!("{advice} ({why})"),
        None => why.to_owned(),
    }
}

/// How long after a refusal it is tried again.
pub(crate) const fn pause(code: u16) -> Duration {
    match code {
        ERR_UNAVAILRESOURCE | ERR_THROTTLED | ERR_UNAVAILABLE => Duration::from_mins(1),
        _ => Duration::from_mins(5),
    }
}

const fn advice(code: u16) -> Option<&'static str> {
    Some(match code {
        ERR_TOOMANYCHANNELS => "we are in as many rooms as the server allows: have us leave one",
        ERR_UNAVAILRESOURCE | ERR_THROTTLED | ERR_UNAVAILABLE => {
            "it takes in nobody at the moment: we try again soon"
        }
        ERR_LINKCHANNEL => "it sends people on to another room: name that one instead",
        ERR_CHANNELISFULL => "it is full: raise its limit (+l), or put us on its access list",
        ERR_INVITEONLYCHAN => {
            "it is for invited people only: invite us, or put us on its list (+I) or access list"
        }
        ERR_BANNEDFROMCHAN => "we are banned from it: lift the ban (-b), or except us from it (+e)",
        ERR_BADCHANNELKEY => "its key is missing or wrong: write it after the room's name, as \"#room key\"",
        ERR_NEEDREGGEDNICK => "it is for those who are logged in: give the chat an account and sasl_password",
        ERR_SECUREONLYCHAN => "it is for those who use TLS: set tls = true",
        ERR_ADMONLY | ERR_OPERONLY => "it is for the network's operators only",
        _ => return None,
    })
}

const ERR_TOOMANYCHANNELS: u16 = 405;
const ERR_UNAVAILRESOURCE: u16 = 437;
const ERR_LINKCHANNEL: u16 = 470;
const ERR_CHANNELISFULL: u16 = 471;
const ERR_INVITEONLYCHAN: u16 = 473;
const ERR_BANNEDFROMCHAN: u16 = 474;
const ERR_BADCHANNELKEY: u16 = 475;
const ERR_NEEDREGGEDNICK: u16 = 477;
/// As charybdis and its descendants say it.
const ERR_THROTTLED: u16 = 480;
const ERR_SECUREONLYCHAN: u16 = 489;
const ERR_ADMONLY: u16 = 519;
const ERR_OPERONLY: u16 = 520;
/// As inspircd says that too many joined at once.
pub(crate) const ERR_UNAVAILABLE: u16 = 609;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_way_out_and_what_the_server_said() {
        assert_eq!(
            explain(473, "Cannot join channel (+i)"),
            "it is for invited people only: invite us, or put us on its list (+I) or access list \
             (Cannot join channel (+i))"
        );
        assert_eq!(explain(403, "No such channel"), "No such channel");
    }

    #[test]
    fn what_passes_by_itself_is_tried_sooner() {
        assert!(pause(480) < pause(474));
    }
}
