//! Values come back as they went in.

use super::super::context::Context;
use super::super::expect::{Checked, check, holds, set};
use crate::{Keys, Value};

super::chapter! {
    "V1-all-bytes" => all_bytes,
    "V2-text-traps" => text_traps,
    "V3-large-value" => large_value,
}

#[rustfmt::skip]
const TEXTS: &[&str] = &[
    "null", "undefined", "true", "false", "0", "1", "-1", "-0", "1e5", "1.0", "NaN", "Infinity", "9007199254740993",
    "{}", "[]", "\"\"", "\"x\"", "[1,2]", "{\"a\":1}", "{\"type\":\"Buffer\",\"data\":[1]}", "[object Object]",
    "__proto__", "aGVsbG8=", "aGVsbG8", "data:;base64,AAAA", "deadbeef", "0x10", "%20", "\\u0041", "&amp;", "OK",
    "(nil)", "\n", "\r\n", "a\r\nb", " a", "a ", "a\n", "\0", "a\0b", "\u{e9}", "e\u{301}", "\u{1f600}", "\u{feff}a",
    "\u{feff}", "",
];

#[rustfmt::skip]
const RAW: &[&[u8]] = &[
    &[0xef, 0xbb, 0xbf], &[0xef, 0xbb, 0xbf, 0x61], &[0xff, 0xfe], &[0xfe, 0xff, 0x00, 0x61], &[0xff, 0xfe, 0x61, 0x00],
    &[0xc3, 0x28], &[0xed, 0xa0, 0x80], &[0xf5, 0x80, 0x80, 0x80], &[0x80], &[0xff], &[0xc0, 0x80], &[0xe2, 0x82],
    &[0x1f, 0x8b, 0x08, 0x00], &[0x00], &[0x00, 0x00, 0x00, 0x00], &[0x7f, 0x80], &[0xef, 0xbf, 0xbd], &[0x1a], &[0x0d],
];

/// Sets values under keys of their own and looks whether they come back.
async fn round_trip(context: &Context<'_>, values: Vec<Value>) -> Checked {
    let pairs: Vec<(String, Value)> = context.keys(values.len(), "value").into_iter().zip(values).collect();
    set(context.store(), &pairs).await?;
    holds(context.store(), &pairs, "of values that went in together").await
}

async fn all_bytes(context: &Context<'_>) -> Checked {
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let backwards: Vec<u8> = all.iter().rev().copied().collect();
    let mut values: Vec<Value> = vec![all.into(), backwards.into(), context.random.bytes(2_000)];
    values.extend((0..=u8::MAX).flat_map(|byte| [Value::from(vec![byte]), Value::from(vec![byte, byte])]));
    round_trip(context, values).await
}

async fn text_traps(context: &Context<'_>) -> Checked {
    let texts = TEXTS.iter().map(|text| Value::from(*text));
    round_trip(context, texts.chain(RAW.iter().map(|bytes| Value::from(*bytes))).collect()).await
}

async fn large_value(context: &Context<'_>) -> Checked {
    let lengths = [65_535, 65_536, 65_537, 16_384, 32_769, 131_072, 3_000_017];
    round_trip(context, lengths.map(|length| context.random.bytes(length)).into()).await?;
    let alone = context.pairs_of(&["alone"], 3 * 1_024 * 1_024 + 1);
    set(context.store(), &alone).await?;
    holds(context.store(), &alone, "of a value of 3 MiB and a byte alone").await?;
    let bytes = context.store().stat(Keys::from(["alone"])).await?.first().copied().flatten().map(|stat| stat.bytes);
    check!(bytes == Some(3_145_729), "stat of a value of 3,145,729 bytes says {bytes:?}");
    Ok(())
}
