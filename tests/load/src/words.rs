//! What users say and what they are answered: every line carries the number of its command, so that each can be told
//! from all others.

/// Which of its answers a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// That the command has been taken.
    Ack,
    /// That it has ended.
    Result,
    /// Something that nobody asked for.
    Announcement,
}

/// A host whose name is the number of a command.
pub fn host(number: u64) -> String {
    format!("h{number}")
}

/// The command with this number, for one of `aliases` services.
pub fn command(number: u64, aliases: u64) -> String {
    format!("!{}", format(number % aliases.max(1)).replace(HOST, &host(number)))
}

/// How an alias is said.
pub fn format(service: u64) -> String {
    format!("restart service-{service:05} on {HOST}")
}

/// The alias's template of its ack.
pub fn ack_format(service: u64) -> String {
    format!("Restarting service-{service:05} on {{{{ execution.parameters.host }}}}.")
}

/// The alias's template of its result.
pub fn result_format(service: u64) -> String {
    format!(
        "Restarted service-{service:05} on {{{{ execution.parameters.host }}}}: {{{{ execution.result.result.message }}}}"
    )
}

/// What is answered to the command for `host`, and what comes of it.
pub fn answers(service: &str, host: &str) -> [String; 2] {
    [format!("Restarting {service} on {host}."), format!("Restarted {service} on {host}: done")]
}

/// The text of an announcement.
pub fn announcement(number: u64) -> String {
    format!("Deployed build 2026.11.{number} of the web shop on {}; all checks are green", host(number))
}

/// The service and the host of a command, with or without its prefix.
pub fn asked(command: &str) -> Option<(&str, &str)> {
    let (_, rest) = command.split_once("restart ")?;
    rest.split_once(" on ")
}

/// Which line of which command `text` is.
pub fn recognised(text: &str) -> Option<(Kind, u64)> {
    let (head, tail) = text.split_once(" on h")?;
    let number = tail.bytes().take_while(u8::is_ascii_digit).count();
    let number = tail.get(..number)?.parse().ok()?;
    let kind = KINDS.iter().find(|(word, _)| head.contains(word))?.1;
    Some((kind, number))
}

const HOST: &str = "{{ host }}";

const KINDS: [(&str, Kind); 3] =
    [("Restarting ", Kind::Ack), ("Restarted ", Kind::Result), ("Deployed ", Kind::Announcement)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_tells_its_command() {
        let (service, host) = asked("restart service-00007 on h17").unwrap();
        let [ack, result] = answers(service, host);

        assert_eq!(command(17, 10), "!restart service-00007 on h17");
        assert_eq!(recognised(&ack), Some((Kind::Ack, 17)));
        assert_eq!(recognised(&format!("joe: {result}")), Some((Kind::Result, 17)));
        assert_eq!(recognised(&announcement(5)), Some((Kind::Announcement, 5)));
        assert_eq!(recognised("Too many commands are under way"), None);
    }
}
