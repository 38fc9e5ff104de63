//! The rooms to be in, by folded name, and the lines that join them. Pure.

use fulmar_contract::RoomId;
use fulmar_rooms::Departure;
use tokio::time::Instant;

use crate::{casemap::CaseMapping, config::Wanted, refusal};

/// The rooms to be in, by folded name.
pub(crate) type Rooms = fulmar_rooms::Rooms<RoomId, Wanted>;

/// All of `wanted`, none of which is joined yet.
pub(crate) fn new(wanted: Vec<Wanted>, casemapping: CaseMapping, now: Instant) -> Rooms {
    Rooms::new(wanted.into_iter().map(|wanted| (RoomId::new(casemapping.fold(&wanted.name)), wanted)), now)
}

/// The lines that join what is due to be joined.
pub(crate) fn joins(rooms: &mut Rooms, now: Instant) -> Vec<String> {
    let mut due: Vec<&Wanted> = rooms.due(now).into_iter().map(|(_, wanted)| &*wanted).collect();
    // Keys belong to the first rooms of a line.
    due.sort_by_key(|wanted| wanted.key.is_none());
    due.chunks(ROOMS_A_LINE).map(join).collect()
}

/// The server did not do what we wanted with `room`: let us in, or out.
pub(crate) fn refused(rooms: &mut Rooms, room: &RoomId, code: u16, why: &str, now: Instant) -> Departure {
    if rooms.is_missing(room) {
        rooms.refused(room, &refusal::explain(code, why), Some(refusal::pause(code)), now)
    } else {
        // It is something else that it did not like.
        Departure::Nothing
    }
}

fn join(rooms: &[&Wanted]) -> String {
    let names: Vec<&str> = rooms.iter().map(|room| room.name.as_str()).collect();
    let keys: Vec<&str> = rooms.iter().filter_map(|room| room.key.as_ref().map(|key| key.reveal())).collect();
    format!("JOIN {} {}", names.join(","), keys.join(",")).trim_end().to_owned()
}

/// Few enough for every server, and for a line when names have their usual length.
const ROOMS_A_LINE: usize = 4;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fulmar_contract::Secret;

    use super::*;

    fn rooms(names: &[&str], now: Instant) -> Rooms {
        let wanted = |text: &&str| {
            let (name, key) = text.split_once(' ').map_or((*text, None), |(name, key)| (name, Some(key)));
            Wanted { name: name.into(), key: key.map(Secret::new) }
        };
        new(names.iter().map(wanted).collect(), CaseMapping::Ascii, now)
    }

    #[tokio::test(start_paused = true)]
    async fn keyed_rooms_come_first_on_the_line() {
        let now = Instant::now();
        let mut rooms = rooms(&["#a", "#b kb", "#c", "#d kd", "#E"], now);

        assert_eq!(joins(&mut rooms, now), ["JOIN #b,#d,#a,#c kb,kd", "JOIN #E"]);
        assert!(joins(&mut rooms, now).is_empty(), "nothing is joined twice");
    }

    #[tokio::test(start_paused = true)]
    async fn a_ban_is_told_with_the_way_out_and_tried_again_seldom() {
        let now = Instant::now();
        let (mut rooms, ops) = (rooms(&["#ops"], now), RoomId::new("#ops"));
        joins(&mut rooms, now);

        let told = refused(&mut rooms, &ops, 474, "banned", now);

        assert!(
            matches!(told, Departure::Missing(why) if why.contains("lift the ban") && why.contains("(banned)"))
        );
        assert!(joins(&mut rooms, now + Duration::from_secs(299)).is_empty());
        assert_eq!(joins(&mut rooms, now + Duration::from_secs(300)), ["JOIN #ops"]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_about_a_room_that_we_are_in_does_not_put_us_out() {
        let now = Instant::now();
        let (mut rooms, ops) = (rooms(&["#ops"], now), RoomId::new("#ops"));
        rooms.joined(&ops, now);

        assert_eq!(refused(&mut rooms, &ops, 475, "its key is another", now), Departure::Nothing);
        assert!(!rooms.is_missing(&ops));
    }
}
