//! Compressing, and printing what it comes to.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Gzip at its strongest, without a time stamp: the same bytes give the same bytes.
pub fn gzip(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).map_err(|error| format!("gzip: {error}"))
}

/// Gzip by zopfli, which finds 4 % more than gzip itself does, for what is compressed once and sent often.
pub fn squeeze(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut squeezed = Vec::new();
    zopfli::compress(zopfli::Options::default(), zopfli::Format::Gzip, bytes, &mut squeezed)
        .map_err(|error| format!("zopfli: {error}"))?;
    Ok(squeezed)
}

/// `raw kB, gzipped kB`.
pub fn pair(raw: usize, gzipped: usize) -> String {
    format!("{:.1} kB, gzipped {:.1} kB", kb(raw), kb(gzipped))
}

/// Kilobytes of 1,000 bytes.
pub fn kb(bytes: usize) -> f64 {
    bytes as f64 / 1_000.0
}
