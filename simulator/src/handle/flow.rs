//! The body of an answer and the times at which its bytes leave, broken streams and silence included.

use super::Shared;
use super::respond::{Wire, error_response};
use crate::calls::CallGuard;
use crate::exchange::{ApiError, ErrorKind, Piece, pieces};
use crate::fault::{Effect, Rule};
use crate::pace::{Pace, Plan};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::stream::unfold;
use std::io;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// What happens in the middle of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Middle {
    Nothing,
    Break,
    Error,
    /// For so long; for ever where it is not said.
    Stall(Option<Duration>),
}

impl Middle {
    fn of(fault: Option<&Rule>) -> Self {
        match fault.map(|rule| (rule.effect, rule.stall_ms)) {
            Some((Effect::BreakStream, _)) => Self::Break,
            Some((Effect::ErrorEvent, _)) => Self::Error,
            Some((Effect::Stall, stall_ms)) => Self::Stall(stall_ms.map(Duration::from_millis)),
            _ => Self::Nothing,
        }
    }
}

/// Sends a reply: at once where nothing is to be waited for, else piece by piece.
pub(super) async fn send(
    shared: &Shared,
    wire: Wire,
    pace: Pace,
    fault: Option<Rule>,
    started: Instant,
    guard: CallGuard,
) -> Response {
    let plan = pace.plan(wire.reply.bytes());
    let middle = Middle::of(fault.as_ref());
    let closing = shared.closing.clone();
    if !wire.stream {
        return send_whole(wire, plan, middle, started, guard, closing).await;
    }
    let mut pieces = pieces(&wire.reply, plan.delta_bytes);
    if plan.is_immediate() && middle == Middle::Nothing {
        let mut bytes = Vec::with_capacity(wire.reply.bytes() * 5 / 4 + 2048);
        for piece in &pieces {
            wire.write(&mut bytes, piece);
        }
        let response = wire.response(Body::from(bytes), &guard.request_id);
        guard.finish();
        return response;
    }
    let deltas = pieces.iter().filter(|piece| matches!(piece, Piece::Delta(..))).count();
    if matches!(middle, Middle::Break | Middle::Error) {
        keep_half(&mut pieces, deltas / 2);
    }
    if middle == Middle::Error {
        pieces.push(Piece::Error);
    }
    wait(started, plan.first, &closing).await;
    let response = wire.response(Body::empty(), &guard.request_id);
    let flow = Flow {
        pieces: pieces.into_iter(),
        pending: None,
        stall_at: matches!(middle, Middle::Stall(_)).then_some(deltas / 2),
        wire,
        plan,
        middle,
        started,
        clock: Duration::ZERO,
        deltas: 0,
        text_end: 0,
        logs_deltas: shared.options.log_deltas,
        guard: Some(guard),
        closing,
    };
    response.map(|_: Body| Body::from_stream(unfold(flow, Flow::next)))
}

/// Keeps the beginning of a stream and so many of its deltas.
fn keep_half(pieces: &mut Vec<Piece>, mut left: usize) {
    pieces.retain(|piece| match piece {
        Piece::Start => true,
        Piece::Delta(..) => {
            let keeps = left > 0;
            left = left.saturating_sub(1);
            keeps
        }
        Piece::PartStart(_) => left > 0,
        Piece::PartStop(_) | Piece::Finish | Piece::Error => false,
    });
}

/// Waits until `due` after `started`; false if the server stops before.
async fn wait(started: Instant, due: Duration, closing: &CancellationToken) -> bool {
    let left = due.saturating_sub(started.elapsed());
    left.is_zero() || tokio::time::timeout(left, closing.cancelled()).await.is_err()
}

async fn send_whole(
    wire: Wire,
    plan: Plan,
    middle: Middle,
    started: Instant,
    guard: CallGuard,
    closing: CancellationToken,
) -> Response {
    wait(started, plan.total, &closing).await;
    if let Middle::Stall(silence) = middle {
        match silence {
            Some(silence) => drop(tokio::time::timeout(silence, closing.cancelled()).await),
            None => closing.cancelled().await,
        }
    }
    if middle == Middle::Error {
        // Without a stream there is no middle: the provider would have answered with the error itself.
        let error = ApiError::new(ErrorKind::Overloaded, "Overloaded (simulated)");
        let response = error_response(wire.provider, &error, &guard.request_id);
        guard.update(|call| call.status = Some(response.status().as_u16()));
        guard.finish();
        return response;
    }
    let body = wire.whole().to_string();
    if middle == Middle::Break {
        let half = Bytes::copy_from_slice(&body.as_bytes()[..body.len() / 2]);
        let broken = futures::stream::iter([Ok(half), Err(io::Error::from(io::ErrorKind::ConnectionReset))]);
        let response = wire.response(Body::from_stream(broken), &guard.request_id);
        guard.broken();
        return response;
    }
    let response = wire.response(Body::from(body), &guard.request_id);
    guard.finish();
    response
}

/// A stream under way. Dropped before its end it records that the client hung up.
struct Flow {
    pieces: std::vec::IntoIter<Piece>,
    /// Taken, not yet due.
    pending: Option<Piece>,
    /// Silence before the delta with this index.
    stall_at: Option<usize>,
    wire: Wire,
    plan: Plan,
    middle: Middle,
    started: Instant,
    /// When the current piece is due, counted from `started`.
    clock: Duration,
    deltas: usize,
    /// Bytes of text that were sent.
    text_end: usize,
    logs_deltas: bool,
    guard: Option<CallGuard>,
    closing: CancellationToken,
}

impl Flow {
    /// The next bytes: everything that is due by now, so that a late stream catches up in one write.
    async fn next(mut self) -> Option<(io::Result<Bytes>, Self)> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.pending.take().or_else(|| self.pieces.next()) {
            self.advance(&piece);
            let is_due = self.started.elapsed() >= self.clock;
            if !bytes.is_empty() && (!is_due || self.stalls(&piece)) {
                self.pending = Some(piece);
                return Some((Ok(bytes.into()), self));
            }
            let mut goes_on = wait(self.started, self.clock, &self.closing).await;
            if goes_on && self.stalls(&piece) {
                goes_on = self.stall().await;
            }
            if !goes_on {
                return self.break_off();
            }
            if let Piece::Delta(_, range) = &piece {
                self.deltas += 1;
                self.text_end += range.len();
                if self.logs_deltas
                    && let Some(guard) = &self.guard
                {
                    guard.sent(self.text_end);
                }
            }
            self.wire.write(&mut bytes, &piece);
        }
        let is_whole = matches!(self.middle, Middle::Nothing | Middle::Stall(_));
        if !bytes.is_empty() {
            if is_whole && let Some(guard) = self.guard.take() {
                // Ended with the last bytes, not when the client comes back for more: it may not.
                guard.finish();
            }
            return Some((Ok(bytes.into()), self));
        }
        if self.middle == Middle::Break {
            return self.break_off();
        }
        if let Some(guard) = self.guard.take() {
            guard.broken();
        }
        None
    }

    fn advance(&mut self, piece: &Piece) {
        match piece {
            Piece::Start => self.clock = self.plan.first,
            Piece::Delta(..) => self.clock = self.plan.due(self.deltas),
            Piece::Finish => self.clock = self.clock.max(self.plan.total),
            Piece::PartStart(_) | Piece::PartStop(_) | Piece::Error => {}
        }
    }

    fn stalls(&self, piece: &Piece) -> bool {
        matches!(piece, Piece::Delta(..)) && self.stall_at == Some(self.deltas)
    }

    /// False if the server stopped meanwhile.
    async fn stall(&mut self) -> bool {
        self.stall_at = None;
        match self.middle {
            Middle::Stall(Some(silence)) => {
                let over = tokio::time::timeout(silence, self.closing.cancelled()).await.is_err();
                self.started += silence; // what follows keeps its pace
                over
            }
            Middle::Stall(None) | Middle::Nothing | Middle::Break | Middle::Error => {
                self.closing.cancelled().await;
                false
            }
        }
    }

    /// An error in a body makes the server reset the connection.
    fn break_off(mut self) -> Option<(io::Result<Bytes>, Self)> {
        // Gone already where the error was given before: then the stream has ended.
        let guard = self.guard.take()?;
        guard.broken();
        self.pieces = Vec::new().into_iter();
        Some((Err(io::Error::from(io::ErrorKind::ConnectionReset)), self))
    }
}
