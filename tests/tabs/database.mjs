/**
 * Reads a database as another program would that knows nothing but the description of the format
 * (`src/segment_log/format`): what is stored, and which segments that needs.
 */

const [PUT, DELETE, CLEAR, MOVE] = [1, 2, 3, 4];
const IN_ROW = 0x8000_0000;

class Reader {
  #bytes;
  #view;
  #at = 12;
  #end;

  constructor(record) {
    this.#bytes = record;
    this.#view = new DataView(record.buffer, record.byteOffset, record.byteLength);
    if (record[0] !== 0xb5 || record[1] !== 1) throw new Error("a record that is no frame of version 1");
    // The top bit says that the next row belongs to it: both are of one transaction.
    this.kind = record[2] & 0x7f;
    this.#end = this.#view.getUint32(4, true);
  }

  get length() {
    return this.#end;
  }

  get isAtEnd() {
    return this.#at >= this.#end;
  }

  u32() {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  u48() {
    const low = this.u32();
    this.#at += 2;
    return low + this.#view.getUint16(this.#at - 2, true) * 2 ** 32;
  }

  u64() {
    return this.u32() + this.u32() * 2 ** 32;
  }

  varLength() {
    let [length, shift, byte] = [0, 0, 0];
    do {
      byte = this.#bytes[this.#at++];
      length += (byte & 127) * 2 ** shift;
      shift += 7;
    } while (byte & 128);
    return length;
  }

  bytes() {
    const length = this.varLength();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  text() {
    return new TextDecoder().decode(this.bytes());
  }

  /** As many of what `each` reads as the count before them says. */
  list(each) {
    return Array.from({ length: this.u32() }, each);
  }
}

/** What is stored, by key. */
class Contents {
  entries = new Map();
  /** The segments that were ever named. */
  named = new Set();

  #clear(prefix) {
    for (const key of [...this.entries.keys()]) if (key.startsWith(prefix)) this.entries.delete(key);
  }

  opening(reader) {
    for (const prefix of reader.list(() => reader.text())) this.#clear(prefix);
    for (const [key] of reader.list(() => [reader.text(), reader.u32()])) this.entries.delete(key);
    for (const [segment] of reader.list(() => [reader.u32(), reader.u32()])) this.named.add(segment);
  }

  page(reader) {
    let before = new Uint8Array(0);
    while (!reader.isAtEnd) {
      const shared = before.subarray(0, reader.varLength());
      const rest = reader.bytes();
      const key = new Uint8Array([...shared, ...rest]);
      const [place, offset, length, , row] = Array.from({ length: 5 }, () => reader.u32());
      reader.u48();
      const expires = reader.u48();
      this.entries.set(new TextDecoder().decode(key), { place, offset, length, row, expires });
      before = key;
    }
  }

  row(number, reader) {
    if (reader.kind === DELETE) {
      for (const key of reader.list(() => reader.text())) this.entries.delete(key);
    } else if (reader.kind === CLEAR) {
      this.#clear(reader.text());
    } else {
      this.#put(number, reader);
    }
  }

  #put(number, reader) {
    const isMove = reader.kind === MOVE;
    if (!isMove && reader.kind !== PUT) throw new Error(`row ${number} is of the kind ${reader.kind}`);
    if (!isMove) reader.u48();
    const expires = isMove ? undefined : reader.u48();
    const places = reader.list(() => [reader.u32(), reader.u32()]);
    for (const [segment] of places) this.named.add(segment);
    let [at, offset] = [0, 0];
    for (const { key, length, row } of reader.list(() => ({
      key: reader.text(),
      length: reader.u32(),
      sum: reader.u32(),
      row: isMove ? reader.u32() : number,
    }))) {
      while (places.length > 0 && offset + length > places[at][1]) [at, offset] = [at + 1, 0];
      const standing =
        places.length > 0
          ? { place: places[at][0], offset }
          : { place: (IN_ROW | number) >>> 0, offset: reader.length + offset };
      offset += length;
      const before = this.entries.get(key);
      if (!isMove) this.entries.set(key, { ...standing, length, row, expires });
      else if (before?.row === row) this.entries.set(key, { ...before, ...standing });
    }
  }
}

/** All that the request gives. */
function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * The database `name`: `entries` by key; the keys of all `segments`, of those that are `needed`, and of those that no row
 * names, which calls that did not end have `lost`; what its log is. With `values`, what stands under each key as well.
 */
export async function readDatabase(name, { values = false } = {}) {
  const database = await result(indexedDB.open(name));
  try {
    const tx = database.transaction(["seg", "idx"], "readonly");
    const [seg, idx] = [tx.objectStore("seg"), tx.objectStore("idx")];
    const asked = [seg.getAllKeys(), idx.getAllKeys(), idx.getAll(), ...(values ? [seg.getAll()] : [])];
    const [segments, keys, records, packed = []] = await Promise.all(asked.map(result));
    const rows = new Map(keys.map((key, at) => [key, records[at]]));
    const { entries, named, log } = read(rows);
    const needed = new Set();
    const found = new Map();
    const standing = new Map(segments.map((key, at) => [key, packed[at]]));
    for (const [key, { place, offset, length }] of entries) {
      const inRow = place >= IN_ROW;
      if (!inRow && length > 0) needed.add(place);
      const record = inRow ? rows.get(place - IN_ROW) : standing.get(place);
      if (values) found.set(key, record?.slice(offset, offset + length));
    }
    const lost = segments.filter((segment) => !named.has(segment));
    return { entries, segments, needed: [...needed], lost, values: found, log: { ...log, rows: keys.length } };
  } finally {
    database.close();
  }
}

function read(rows) {
  const contents = new Contents();
  const meta = rows.has("meta") ? new Reader(rows.get("meta")) : undefined;
  if (!meta) return { ...contents, log: { checkpoints: 0, trim: 0, last: 0 } };
  meta.u64();
  const trim = meta.u32();
  meta.u32();
  const checkpoints = meta.list(() => {
    const [row, , first, pages, openings] = Array.from({ length: 6 }, () => meta.u32());
    return { row, first, pages, openings };
  });
  let last = 0;
  for (const { row, first, pages, openings } of checkpoints) {
    for (let page = first; page < first + pages; page++) {
      const reader = new Reader(rows.get(-2 - page));
      if (page < first + openings) contents.opening(reader);
      else contents.page(reader);
    }
    last = row;
  }
  const behind = [...rows.keys()].filter((key) => key > last).sort((one, other) => one - other);
  for (const key of behind) contents.row(key, new Reader(rows.get(key)));
  return { ...contents, log: { checkpoints: checkpoints.length, trim, last: behind.at(-1) ?? last } };
}
