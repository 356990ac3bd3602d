//! A query with its children, whose statements travel together.

use super::super::flight::{all, both};
use super::Lease;
use super::line::Line;
use crate::Failure;
use crate::connection::Value;
use crate::connection::postgres::visit;
use crate::represent::{Bindings, Child, Query, Reading, Rows, listed};
use std::future::Future;
use std::pin::Pin;

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Rows, Failure>> + Send + 'a>>;

/// How much of a query's answer is wanted.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub limit: usize,
    /// The id of the one row, where it is known before.
    pub id: Option<&'a Value>,
}

/// With its children, whose statements travel together, and with them the end of the transaction.
pub(super) fn read<'a>(
    line: &'a Line,
    query: &'a Query,
    bindings: &'a Bindings<'a>,
    wanted: Wanted<'a>,
    lease: Option<&'a Lease>,
) -> Answer<'a> {
    Box::pin(async move {
        let own = async {
            let mut reading = Reading::new(query, bindings, wanted.limit);
            let found = line.query(&query.text, &reading.values()?).await?;
            visit(&found, &mut |row| reading.add(row))?;
            Ok::<_, Failure>(reading)
        };
        let children = &query.children;
        if children.is_empty() {
            return own.await?.filled(&[]);
        }
        // Nothing may come between the statements and the end of the transaction.
        line.make_room(children.len() + 1);
        for child in children {
            line.prepared(&child.query.text).await?;
        }
        // Those that have children too need the connection for longer.
        let are_last = children.iter().all(|child| child.query.children.is_empty());
        let lease = lease.filter(|_| are_last);
        let end = || lease.iter().for_each(|lease| lease.end("COMMIT"));
        let are_of_row = children.iter().all(Child::is_of_row);
        if let Some(id) = wanted.id.filter(|_| are_last && are_of_row) {
            line.prepared(&query.text).await?;
            let keys = listed([id].into_iter());
            let below = bindings.with_values(&keys);
            let below = children.iter().map(|child| below_read(line, child, &below));
            let children = all(below.collect(), end);
            let (own, children) = both(own, children).await;
            let children = children.into_iter().collect::<Result<Vec<_>, _>>();
            return own?.filled(&children?);
        }
        let reading = own.await?;
        let keys: Vec<[Value; 1]> = (0..children.len())
            .map(|child| reading.keys(child))
            .collect();
        let below: Vec<Bindings<'_>> = keys.iter().map(|keys| bindings.with_values(keys)).collect();
        let below = children.iter().zip(&below);
        let below = below.map(|(child, below)| below_read(line, child, below));
        let children = all(below.collect(), end).await;
        let children = children.into_iter().collect::<Result<Vec<_>, _>>();
        reading.filled(&children?)
    })
}

fn below_read<'a>(line: &'a Line, child: &'a Child, bindings: &'a Bindings<'a>) -> Answer<'a> {
    let wanted = Wanted {
        limit: usize::MAX,
        id: None,
    };
    read(line, &child.query, bindings, wanted, None)
}
