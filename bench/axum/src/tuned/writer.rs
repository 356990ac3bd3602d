//! A new order: what is read of the request, what the audit keeps, and what is shown, without reading it again.

use crate::reply::problem;
use archwright_bench_axum::json;
use axum::body::Body;
use axum::http::Response;
use serde::Deserialize;
use std::borrow::Cow;
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOrder<'a> {
    #[serde(borrow)]
    pub deliver_to: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub lines: Vec<NewLine<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLine<'a> {
    #[serde(borrow)]
    pub book_isbn: Cow<'a, str>,
    #[serde(default = "one")]
    pub quantity: i32,
}

fn one() -> i32 {
    1
}

/// A book as a line needs it.
#[derive(Clone, Copy)]
pub struct Book {
    pub id: Uuid,
    pub price: i64,
}

pub struct Made {
    pub id: Uuid,
    pub lines: Vec<Uuid>,
    pub at: i64,
}

pub fn parse(body: &[u8]) -> Result<NewOrder<'_>, Response<Body>> {
    let order: NewOrder<'_> =
        serde_json::from_slice(body).map_err(|_| problem(400, "the body is no order"))?;
    let length = order.deliver_to.as_ref().map(|text| text.chars().count());
    if length.is_some_and(|length| !(1..=300).contains(&length)) {
        return Err(problem(422, "deliver_to has 1 to 300 characters"));
    }
    if order.lines.len() > 100
        || order
            .lines
            .iter()
            .any(|line| !(1..=20).contains(&line.quantity))
    {
        return Err(problem(422, "at most 100 lines of 1 to 20"));
    }
    Ok(order)
}

impl NewOrder<'_> {
    pub fn made(&self, at: i64) -> Made {
        Made {
            id: Uuid::now_v7(),
            lines: self.lines.iter().map(|_| Uuid::now_v7()).collect(),
            at,
        }
    }

    pub fn changes(&self, made: &Made, customer: Uuid, books: &[Book]) -> Vec<u8> {
        let mut to = Vec::with_capacity(768);
        to.extend_from_slice(b"{\"customer_id\":{\"to\":");
        json::uuid(customer.into_bytes(), &mut to);
        to.extend_from_slice(b"},\"status\":{\"to\":\"draft\"},\"deliver_to\":{\"to\":");
        self.deliver_to(&mut to);
        to.extend_from_slice(b"},\"lines\":{\"to\":[");
        for (index, ((line, book), id)) in self.lines.iter().zip(books).zip(&made.lines).enumerate()
        {
            to.extend_from_slice(if index == 0 {
                b"{\"book_isbn\":{\"to\":"
            } else {
                b",{\"book_isbn\":{\"to\":"
            });
            json::uuid(book.id.into_bytes(), &mut to);
            to.extend_from_slice(b"},\"quantity\":{\"to\":");
            json::integer(line.quantity.into(), &mut to);
            to.extend_from_slice(b"},\"id\":");
            json::uuid(id.into_bytes(), &mut to);
            to.push(b'}');
        }
        to.extend_from_slice(b"]}}");
        to
    }

    fn deliver_to(&self, to: &mut Vec<u8>) {
        match &self.deliver_to {
            Some(text) => json::text(text.as_bytes(), to),
            None => to.extend_from_slice(b"null"),
        }
    }

    pub fn shown(&self, made: &Made, customer: Uuid, books: &[Book]) -> Vec<u8> {
        let mut to = Vec::with_capacity(1024);
        let stamps = |to: &mut Vec<u8>| {
            to.extend_from_slice(b",\"created_at\":");
            json::instant(made.at, to);
            to.extend_from_slice(b",\"updated_at\":");
            json::instant(made.at, to);
        };
        to.extend_from_slice(b"{\"id\":");
        json::uuid(made.id.into_bytes(), &mut to);
        to.extend_from_slice(b",\"customer_id\":");
        json::uuid(customer.into_bytes(), &mut to);
        to.extend_from_slice(b",\"lines\":[");
        let mut total = 0;
        for (index, ((line, book), id)) in self.lines.iter().zip(books).zip(&made.lines).enumerate()
        {
            let amount = book.price * i64::from(line.quantity);
            total += amount;
            to.extend_from_slice(if index == 0 {
                b"{\"id\":"
            } else {
                b",{\"id\":"
            });
            json::uuid(id.into_bytes(), &mut to);
            to.extend_from_slice(b",\"book_isbn\":");
            json::text(line.book_isbn.as_bytes(), &mut to);
            to.extend_from_slice(b",\"quantity\":");
            json::integer(line.quantity.into(), &mut to);
            to.extend_from_slice(b",\"amount\":");
            json::money(amount, &mut to);
            stamps(&mut to);
            to.push(b'}');
        }
        to.extend_from_slice(b"],\"status\":\"draft\",\"deliver_to\":");
        self.deliver_to(&mut to);
        to.extend_from_slice(b",\"total\":");
        json::money(total, &mut to);
        to.extend_from_slice(
            b",\"agreed_total\":null,\"tracking\":null,\"placed_at\":null,\"paid_at\":null,\"shipped_at\":null",
        );
        stamps(&mut to);
        to.extend_from_slice(b",\"version\":1}");
        to
    }
}
