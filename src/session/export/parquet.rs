//! Apache Parquet with zstd: the columns of `table`, which Spark, DuckDB, Polars and pyarrow read.

use std::io;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use arrow_array::builder::{Int32Builder, Int64Builder, StringBuilder, TimestampNanosecondBuilder, UInt64Builder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::table::{self, COLUMNS, Cells};
use super::{About, Out, Seen, Sink};
use crate::decode;

/// Rows of a batch that is handed to the encoder.
const BATCH_ROWS: usize = 8_192;
/// Rows of a row group, which stays in memory, encoded, until it is written.
const GROUP_ROWS: usize = 131_072;
/// The same in bytes.
const GROUP_BYTES: usize = 64 << 20;

pub struct Parquet {
    writer: Option<ArrowWriter<Out>>,
    schema: Arc<Schema>,
    columns: Columns,
    options: decode::Options,
}

impl Parquet {
    pub fn new(out: Out, about: &About) -> io::Result<Parquet> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_max_row_group_bytes(Some(GROUP_BYTES))
            .set_created_by(format!("sysview {}", env!("CARGO_PKG_VERSION")))
            .build();
        let schema = Arc::new(schema());
        let writer = ArrowWriter::try_new(out, schema.clone(), Some(properties)).map_err(plain)?;
        let columns = Columns::new(about.started.began);
        Ok(Parquet { writer: Some(writer), schema, columns, options: table::options() })
    }

    fn write(&mut self) -> io::Result<()> {
        let batch = RecordBatch::try_new(self.schema.clone(), self.columns.finish()).map_err(io::Error::other)?;
        self.writer.as_mut().map_or(Ok(()), |writer| writer.write(&batch)).map_err(plain)
    }
}

impl Sink for Parquet {
    fn row(&mut self, seen: Seen<'_>, seq: u64) -> io::Result<()> {
        let Some(cells) = table::cells(seen, seq, &self.options) else { return Ok(()) };
        self.columns.add(&cells);
        if self.columns.rows < BATCH_ROWS { Ok(()) } else { self.write() }
    }

    fn finish(&mut self, _: Seen<'_>) -> io::Result<()> {
        if self.columns.rows > 0 {
            self.write()?;
        }
        let Some(writer) = self.writer.take() else { return Ok(()) };
        writer.into_inner().map_err(plain)?.flush()
    }
}

/// The system's own words, without the layers around them.
fn plain(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::other(other),
        },
        other => io::Error::other(other),
    }
}

fn schema() -> Schema {
    let field = |name: &'static str| match name {
        "row" | "t_ns" => Field::new(name, DataType::UInt64, false),
        "time" => Field::new(name, DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())), false),
        "tid" | "pid" => Field::new(name, DataType::Int32, false),
        "kind" | "comm" => Field::new(name, DataType::Utf8, false),
        "value" => Field::new(name, DataType::Int64, true),
        "duration_ns" => Field::new(name, DataType::UInt64, true),
        _ => Field::new(name, DataType::Utf8, true),
    };
    Schema::new(COLUMNS.map(field).to_vec())
}

/// The columns of a batch while it grows.
struct Columns {
    began_ns: i64,
    rows: usize,
    row: UInt64Builder,
    kind: StringBuilder,
    time: TimestampNanosecondBuilder,
    t_ns: UInt64Builder,
    tid: Int32Builder,
    pid: Int32Builder,
    comm: StringBuilder,
    abi: StringBuilder,
    call: StringBuilder,
    args: [StringBuilder; 6],
    arg_names: StringBuilder,
    path: StringBuilder,
    result: StringBuilder,
    value: Int64Builder,
    errno: StringBuilder,
    duration_ns: UInt64Builder,
    verdict: StringBuilder,
    marks: StringBuilder,
    text: StringBuilder,
}

impl Columns {
    fn new(began: SystemTime) -> Columns {
        let began = began.duration_since(UNIX_EPOCH).unwrap_or_default();
        Columns {
            began_ns: i64::try_from(began.as_nanos()).unwrap_or(0),
            rows: 0,
            row: UInt64Builder::new(),
            kind: StringBuilder::new(),
            time: TimestampNanosecondBuilder::new().with_timezone("UTC"),
            t_ns: UInt64Builder::new(),
            tid: Int32Builder::new(),
            pid: Int32Builder::new(),
            comm: StringBuilder::new(),
            abi: StringBuilder::new(),
            call: StringBuilder::new(),
            args: std::array::from_fn(|_| StringBuilder::new()),
            arg_names: StringBuilder::new(),
            path: StringBuilder::new(),
            result: StringBuilder::new(),
            value: Int64Builder::new(),
            errno: StringBuilder::new(),
            duration_ns: UInt64Builder::new(),
            verdict: StringBuilder::new(),
            marks: StringBuilder::new(),
            text: StringBuilder::new(),
        }
    }

    fn add(&mut self, cells: &Cells) {
        self.rows += 1;
        self.row.append_value(cells.row);
        self.kind.append_value(cells.kind);
        self.time.append_value(self.began_ns.saturating_add_unsigned(cells.t_ns));
        self.t_ns.append_value(cells.t_ns);
        self.tid.append_value(cells.tid);
        self.pid.append_value(cells.pid);
        self.comm.append_value(&cells.comm);
        self.abi.append_option(cells.abi);
        self.call.append_option(cells.call.as_deref());
        for (column, arg) in self.args.iter_mut().zip(&cells.args) {
            column.append_option(arg.as_deref());
        }
        self.arg_names.append_option(cells.arg_names.as_deref());
        self.path.append_option(cells.path.as_deref());
        self.result.append_option(cells.result.as_deref());
        self.value.append_option(cells.value);
        self.errno.append_option(cells.errno.as_deref());
        self.duration_ns.append_option(cells.duration_ns);
        self.verdict.append_option(cells.verdict.as_deref());
        self.marks.append_option(cells.marks.as_deref());
        self.text.append_option(cells.text.as_deref());
    }

    /// In the order of `COLUMNS`; empty afterwards.
    fn finish(&mut self) -> Vec<ArrayRef> {
        self.rows = 0;
        let mut arrays: Vec<ArrayRef> = vec![
            Arc::new(self.row.finish()),
            Arc::new(self.kind.finish()),
            Arc::new(self.time.finish()),
            Arc::new(self.t_ns.finish()),
            Arc::new(self.tid.finish()),
            Arc::new(self.pid.finish()),
            Arc::new(self.comm.finish()),
            Arc::new(self.abi.finish()),
            Arc::new(self.call.finish()),
        ];
        arrays.extend(self.args.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef));
        arrays.push(Arc::new(self.arg_names.finish()));
        arrays.push(Arc::new(self.path.finish()));
        arrays.push(Arc::new(self.result.finish()));
        arrays.push(Arc::new(self.value.finish()));
        arrays.push(Arc::new(self.errno.finish()));
        arrays.push(Arc::new(self.duration_ns.finish()));
        arrays.push(Arc::new(self.verdict.finish()));
        arrays.push(Arc::new(self.marks.finish()));
        arrays.push(Arc::new(self.text.finish()));
        arrays
    }
}
