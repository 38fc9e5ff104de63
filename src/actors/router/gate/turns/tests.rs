use fulmar_contract::Identity;
use proptest::{collection::vec, prelude::*};

use super::*;
use crate::actors::router::person::Person;

fn person(name: &impl ToString) -> Caller {
    Caller::Person(Person { chat: "ops".into(), identity: Identity::Claimed(name.to_string()) })
}

/// Gives `caller` `count` tickets that want a call; returns those that were to be had.
fn line_up(turns: &mut Turns, caller: &Caller, count: usize) -> Vec<Number> {
    let tickets: Vec<Number> = (0..count).map_while(|_| turns.join(caller.clone())).collect();
    tickets.iter().for_each(|ticket| turns.wait(*ticket));
    tickets
}

fn admitted(turns: &mut Turns) -> Vec<Number> {
    std::iter::from_fn(|| turns.admit()).collect()
}

#[test]
fn one_person_has_four_calls_in_flight_and_the_rest_wait_in_order() {
    let mut turns = Turns::default();
    let tickets = line_up(&mut turns, &person(&"ada"), 10);

    let first = admitted(&mut turns);
    turns.leave(first[2]);
    let next = admitted(&mut turns);

    assert_eq!(first, tickets[..4]);
    assert_eq!(next, tickets[4..5]);
    assert_eq!((turns.in_flight(), turns.waiting()), (4, 5));
}

#[test]
fn a_flood_of_one_delays_nobody_elses_first_call() {
    let mut turns = Turns::default();
    line_up(&mut turns, &person(&"flood"), 500);
    admitted(&mut turns);

    let other = line_up(&mut turns, &person(&"ada"), 1);

    assert_eq!(admitted(&mut turns), other);
}

#[test]
fn hanging_calls_of_a_few_leave_some_for_those_who_have_none() {
    let mut turns = Turns::default();
    (0..20).for_each(|name| drop(line_up(&mut turns, &person(&name), 4)));

    let hanging = admitted(&mut turns).len();
    let others: Vec<Number> = (100..120).flat_map(|name| line_up(&mut turns, &person(&name), 2)).collect();
    let first_calls: Vec<Number> = others.into_iter().step_by(2).take(RESERVED).collect();

    assert_eq!(hanging, CALLS - RESERVED);
    assert_eq!(admitted(&mut turns), first_calls);
    assert_eq!(turns.in_flight(), CALLS);
}

#[test]
fn callers_take_turns_whatever_the_length_of_their_lines() {
    let mut turns = Turns::default();
    let (ada, bob) = (person(&"ada"), person(&"bob"));
    let adas = line_up(&mut turns, &ada, 50);
    let bobs = line_up(&mut turns, &bob, 50);

    let order = admitted(&mut turns);

    let alternating: Vec<Number> = adas.iter().zip(&bobs).take(4).flat_map(|(a, b)| [*a, *b]).collect();
    assert_eq!(order, alternating);
}

#[test]
fn whoever_has_much_leaves_tickets_for_others() {
    let mut turns = Turns::default();

    let first = line_up(&mut turns, &person(&"flood"), 5_000).len();
    let second = line_up(&mut turns, &person(&"ada"), 5_000).len();
    let crowd = (0..5_000).filter(|name| turns.join(person(&name)).is_some()).count();

    assert_eq!((first, second), (958, 96));
    assert_eq!(first + second + crowd, TICKETS);
    assert!(turns.join(Caller::Gateway).is_some(), "what is owed is never refused");
}

#[test]
fn what_was_given_first_goes_first_though_it_wanted_its_call_later() {
    let mut turns = Turns::default();
    let ada = person(&"ada");
    let early = turns.join(ada.clone()).unwrap();
    let tickets = line_up(&mut turns, &ada, 6);
    let in_flight = admitted(&mut turns);

    turns.wait(early);
    turns.leave(in_flight[0]);

    assert_eq!(admitted(&mut turns), [early]);
    assert_eq!(turns.waiting(), tickets.len() - 4);
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Join(u8),
    Leave(usize),
    Rest(usize),
    Wait(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (0..25_u8).prop_map(Act::Join),
        6 => (0..300_usize).prop_map(Act::Wait),
        1 => (0..300_usize).prop_map(Act::Rest),
        1 => (0..300_usize).prop_map(Act::Leave),
    ]
}

/// Does `act` and lets go whose turn it is, checking that each goes in the order of their caller's tickets.
fn perform(turns: &mut Turns, act: Act) {
    let mut all: Vec<Number> = turns.tickets.keys().copied().collect();
    all.sort_unstable();
    let nth = |n: usize| all.get(n % all.len().max(1)).copied();
    match act {
        Act::Join(0) => drop(turns.join(Caller::Gateway)),
        Act::Join(name) => drop(turns.join(person(&name))),
        Act::Leave(n) => nth(n).into_iter().for_each(|ticket| turns.leave(ticket)),
        Act::Rest(n) => nth(n).into_iter().for_each(|ticket| turns.rest(ticket)),
        Act::Wait(n) => nth(n).into_iter().for_each(|ticket| turns.wait(ticket)),
    }
    for number in admitted(turns) {
        let (caller, stage) = &turns.tickets[&number];
        assert_eq!(*stage, Stage::InFlight);
        assert!(turns.callers[caller].waiting.iter().all(|later| *later > number));
    }
}

/// That the counts are true, no limit is passed, and nobody waits who may go.
fn check(turns: &Turns) {
    let count = |caller: Option<&Caller>, wanted: Stage| {
        let of = |it: &&(Caller, Stage)| caller.is_none_or(|caller| it.0 == *caller) && it.1 == wanted;
        turns.tickets.values().filter(of).count()
    };
    assert_eq!(turns.in_flight, count(None, Stage::InFlight));
    assert_eq!(turns.waiting, count(None, Stage::Waiting));
    assert!(turns.in_flight <= CALLS);
    assert!(turns.taken <= TICKETS && turns.taken <= turns.tickets.len());
    for (caller, tally) in &turns.callers {
        let waits = turns.ring.iter().filter(|waiting| *waiting == caller).count();
        assert_eq!(tally.in_flight, count(Some(caller), Stage::InFlight));
        assert_eq!(tally.waiting.len(), count(Some(caller), Stage::Waiting));
        assert_eq!(waits, usize::from(!tally.waiting.is_empty()));
        assert!(tally.in_flight <= CALLS_OF_ONE || *caller == Caller::Gateway);
        assert!(tally.waiting.is_empty() || !turns.may_call(caller));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_limit_is_passed_no_line_is_jumped_and_no_call_waits_needlessly(acts in vec(act(), 1..300)) {
        let mut turns = Turns::default();
        for act in acts {
            perform(&mut turns, act);
            check(&turns);
        }
    }

    #[test]
    fn whoever_comes_goes_after_at_most_one_call_of_each_who_waits(acts in vec(act(), 1..300)) {
        let mut turns = Turns::default();
        acts.into_iter().for_each(|act| perform(&mut turns, act));
        let ahead = turns.ring.len();
        let newcomer = line_up(&mut turns, &person(&"newcomer"), 1)[0];

        let mut others = 0;
        while !admitted(&mut turns).contains(&newcomer) {
            let in_flight = turns.tickets.iter().find(|(_, (_, stage))| *stage == Stage::InFlight);
            let done = *in_flight.unwrap().0;
            turns.leave(done);
            others += 1;
        }

        prop_assert!(others <= ahead + 1);
    }

    #[test]
    fn everybody_gets_their_turn_and_nothing_is_left_behind(acts in vec(act(), 1..300)) {
        let mut turns = Turns::default();
        acts.into_iter().for_each(|act| perform(&mut turns, act));

        while let Some(done) = turns.tickets.iter().find(|(_, (_, it))| *it != Stage::Waiting).map(|it| *it.0) {
            turns.leave(done);
            admitted(&mut turns);
        }

        prop_assert!(turns.tickets.is_empty() && turns.callers.is_empty() && turns.ring.is_empty());
        prop_assert_eq!((turns.in_flight, turns.waiting, turns.taken), (0, 0, 0));
    }
}
