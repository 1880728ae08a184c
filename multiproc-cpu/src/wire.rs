//! The messages from a worker to its pool: a length of four bytes, then a span as JSON.

use std::io;

use common::Span;

/// The longest message, in bytes: a span is far below it unless a worker has gone mad.
pub const LONGEST: usize = 1 << 20;

const HEAD: usize = size_of::<u32>();

/// A span as one message.
///
/// # Errors
/// When it is longer than [`LONGEST`].
pub fn frame(span: &Span) -> io::Result<Vec<u8>> {
    let body = serde_json::to_vec(span)?;
    match u32::try_from(body.len()) {
        Ok(length) if body.len() <= LONGEST => Ok([&length.to_le_bytes(), &body[..]].concat()),
        _ => Err(io::Error::other("a result is too long to be sent")),
    }
}

/// Takes the first message off `received`; `None` while it is not there as a whole.
///
/// # Errors
/// A sentence that says what is wrong, when these bytes are no message and never will be.
pub fn decode(received: &mut Vec<u8>) -> Result<Option<Span>, String> {
    let Some(head) = received.first_chunk::<HEAD>() else {
        return Ok(None);
    };
    let length = u32::from_le_bytes(*head) as usize;
    if length > LONGEST {
        return Err(format!("sent a message of {length} bytes"));
    }
    let Some(body) = received.get(HEAD..HEAD + length) else {
        return Ok(None);
    };
    let span = serde_json::from_slice(body)
        .map_err(|error| format!("sent a message that is no span: {error}"))?;
    received.drain(..HEAD + length);
    Ok(Some(span))
}

/// How many bytes of the first message are still to come, as far as `received` tells: those of its
/// head, then those of its body.
pub fn missing(received: &[u8]) -> usize {
    let body = received.first_chunk::<HEAD>().map_or(0, |head| u32::from_le_bytes(*head) as usize);
    (HEAD + body).saturating_sub(received.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn span() -> impl Strategy<Value = Span> {
        (".{0,40}", any::<u16>(), any::<u128>(), proptest::option::of(".{0,40}")).prop_map(
            |(name, worker, sum, error)| {
                Span::time(name, worker.into(), || error.map_or(Ok(sum), |why| Err(why.into())))
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_sent_arrives_however_it_is_cut(
            spans in proptest::collection::vec(span(), 1..5),
            cuts in proptest::collection::vec(1usize..200, 1..50),
        ) {
            let sent: Vec<u8> = spans.iter().flat_map(|span| frame(span).expect("frame")).collect();
            let (mut received, mut arrived) = (Vec::new(), Vec::new());
            let (mut rest, mut cuts) = (&sent[..], cuts.iter().cycle());
            while !rest.is_empty() {
                let cut = missing(&received).min(*cuts.next().expect("a cycle"));
                received.extend_from_slice(&rest[..cut]);
                rest = &rest[cut..];
                arrived.extend(decode(&mut received).expect("a message"));
            }
            prop_assert_eq!(arrived, spans);
            prop_assert!(received.is_empty());
        }

        #[test]
        fn rubbish_neither_panics_nor_is_taken_for_a_span(rubbish in any::<Vec<u8>>()) {
            let mut received = rubbish.clone();
            prop_assert!(!matches!(decode(&mut received), Ok(Some(_))));
            prop_assert_eq!(received, rubbish);
        }
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused_at_once() {
        let mut received = (LONGEST as u32 + 1).to_le_bytes().to_vec();
        assert!(decode(&mut received).is_err());
    }

    #[test]
    fn a_length_within_the_limit_is_waited_for() {
        let mut received = (LONGEST as u32).to_le_bytes().to_vec();
        assert_eq!(decode(&mut received), Ok(None));
    }

    #[test]
    fn only_what_can_be_received_is_sent() {
        let failed = |length| {
            Span::not_done("", 0, Span::time("", 0, || Ok(0u64)).start, &"x".repeat(length))
        };
        let around = wire_length(&failed(0));
        let longest = frame(&failed(LONGEST - around)).expect("it fits");
        assert_eq!(longest.len(), HEAD + LONGEST);
        assert!(decode(&mut longest.clone()).is_ok_and(|span| span.is_some()));
        assert!(frame(&failed(LONGEST + 1)).is_err());
    }

    fn wire_length(span: &Span) -> usize {
        frame(span).expect("a frame").len() - HEAD
    }
}
