//! Answers over HTTP: what a client needs to fill a hole ("Market Data endpoints").

use super::venue::Venue;
use crate::fake::gate::{Asked, Reply, json_reply};
use crate::fake::limits::TRADES_MAX;
use crate::fake::market::{Fixed, LEVELS, Symbol, write_levels};
use hyper::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

/// A request that is refused, with its code of "Errors".
struct Refusal(i32, String);

/// Answers a request; `None` if there is nothing at its path.
pub(crate) fn answer(venue: &Venue, asked: &Asked<'_>) -> Option<Reply> {
    let market_now = venue.clock.market(Instant::now());
    let answer = match asked.path {
        "/api/v3/ping" => Ok(json!({})),
        "/api/v3/time" => Ok(json!({ "serverTime": venue.market.unix_ms(market_now) })),
        "/api/v3/depth" => depth(venue, asked, market_now),
        "/api/v3/trades" => trades(venue, asked, market_now, false),
        "/api/v3/historicalTrades" => trades(venue, asked, market_now, true),
        "/api/v3/aggTrades" => orders(venue, asked, market_now),
        _ => return None,
    };
    Some(match answer {
        _ if asked.method != Method::GET => json_reply(405, &json!({ "error": "GET is expected" })),
        Ok(value) => json_reply(200, &value),
        Err(Refusal(code, message)) => json_reply(400, &json!({ "code": code, "msg": message })),
    })
}

fn depth(venue: &Venue, asked: &Asked<'_>, market_now: u64) -> Result<Value, Refusal> {
    let symbol = symbol(venue, asked)?;
    let limit = number(asked, "limit")?.unwrap_or(100).min(LEVELS as u64) as usize;
    let update = symbol.newest_update(market_now);
    let book = symbol.book_at(update);
    let side = |levels: Vec<(u64, u64)>| {
        let mut text = String::new();
        let levels = levels.into_iter().filter(|(_, quantity)| *quantity > 0).take(limit);
        write_levels(&mut text, levels);
        serde_json::from_str::<Value>(&text).expect("levels are written as JSON")
    };
    Ok(json!({ "lastUpdateId": update, "bids": side(book.bids), "asks": side(book.asks) }))
}

fn trades(
    venue: &Venue,
    asked: &Asked<'_>,
    market_now: u64,
    is_historical: bool,
) -> Result<Value, Refusal> {
    let symbol = symbol(venue, asked)?;
    let newest = symbol.newest_trade(market_now);
    let from = if is_historical { number(asked, "fromId")? } else { None };
    let trades = page(asked, newest, from)?.map(|id| {
        let trade = symbol.trade(id);
        let (price, quantity) = (Fixed(trade.price), Fixed(trade.quantity));
        let total = u128::from(trade.price) * u128::from(trade.quantity) / 100_000_000;
        json!({
            "id": id,
            "price": price.to_string(),
            "qty": quantity.to_string(),
            "quoteQty": Fixed(u64::try_from(total).unwrap_or(u64::MAX)).to_string(),
            "time": venue.market.unix_ms(trade.at),
            "isBuyerMaker": trade.is_buyer_maker,
            "isBestMatch": true,
        })
    });
    Ok(trades.collect())
}

fn orders(venue: &Venue, asked: &Asked<'_>, market_now: u64) -> Result<Value, Refusal> {
    let symbol = symbol(venue, asked)?;
    let newest = symbol.newest_order(market_now);
    let orders = page(asked, newest, number(asked, "fromId")?)?.map(|id| {
        let order = symbol.order(id);
        json!({
            "a": id,
            "p": Fixed(order.price).to_string(),
            "q": Fixed(order.quantity).to_string(),
            "f": order.trades.start(),
            "l": order.trades.end(),
            "T": venue.market.unix_ms(order.at),
            "m": order.is_buyer_maker,
            "M": true,
        })
    });
    Ok(orders.collect())
}

/// Returns the ids of one answer: the newest, or those from an id on.
fn page(
    asked: &Asked<'_>,
    newest: u64,
    from: Option<u64>,
) -> Result<std::ops::RangeInclusive<u64>, Refusal> {
    let limit = number(asked, "limit")?.unwrap_or(500).clamp(1, TRADES_MAX);
    let first = from.unwrap_or(newest.saturating_sub(limit - 1)).max(1);
    Ok(first..=newest.min(first.saturating_add(limit - 1)))
}

fn symbol<'a>(venue: &'a Venue, asked: &Asked<'_>) -> Result<&'a Symbol, Refusal> {
    let name = asked.parameter("symbol").filter(|name| !name.is_empty()).ok_or_else(|| {
        let why = "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.";
        Refusal(-1102, why.to_owned())
    })?;
    let found = venue.market.symbol(&name);
    found.ok_or_else(|| Refusal(-1121, "Invalid symbol.".to_owned()))
}

fn number(asked: &Asked<'_>, name: &str) -> Result<Option<u64>, Refusal> {
    let Some(text) = asked.parameter(name) else { return Ok(None) };
    let illegal = |_| {
        let why = "legal range is '^[0-9]{1,20}$'";
        Refusal(-1100, format!("Illegal characters found in parameter '{name}'; {why}."))
    };
    text.parse().map(Some).map_err(illegal)
}
