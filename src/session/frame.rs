//! Takes an Arrow IPC stream apart, trusting nothing: every length is checked against the bytes that are there and
//! against fixed limits before anything is allocated or handed to the decoder. Left out: what the columns mean.

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::reader::{RecordBatchDecoder, read_dictionary};
use arrow_ipc::{MessageHeader, convert::try_fb_to_schema, root_as_message};
use arrow_schema::{ArrowError, DataType, Fields, Schema, SchemaRef};

use super::SessionError;
use super::{metadata, schema};

/// The largest header of one message, in bytes: the schema holds the command line.
const MAX_HEADER: u32 = 16 << 20;
/// The largest body of one message as it stands in the file, in bytes.
const MAX_BODY: u64 = 160 << 20;
/// The most that one message may unpack to, in bytes. The writer stays far below.
const MAX_UNPACKED: u64 = 160 << 20;
/// The most rows of one batch.
const MAX_ROWS: i64 = 1 << 20;

/// The stream of batches of one file.
pub(super) struct Frames<R> {
    input: Counted<R>,
    file: String,
    schema: SchemaRef,
    /// Indices of the columns that are read; others may come from a newer program.
    projection: Vec<usize>,
    /// Width of the elements of every buffer of a batch, in bytes.
    layout: Vec<usize>,
    dictionaries: HashMap<i64, ArrayRef>,
    /// Where the message at hand begins, in bytes.
    offset: u64,
    header: Vec<u8>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Open,
    /// The writer's mark of a whole recording was read.
    Whole,
    /// The file ends at this byte without it.
    Cut(u64),
}

/// One step through the file.
enum Step {
    Batch(RecordBatch),
    Dictionary,
    End,
}

impl<R: Read> Frames<R> {
    /// Reads the schema.
    pub fn open(input: R, file: &str) -> Result<Frames<R>, SessionError> {
        let file = file.to_string();
        let mut input = Counted { input, count: 0 };
        let mut header = Vec::new();
        let stranger = || SessionError::NotARecording { file: file.clone() };
        match read_header(&mut input, &mut header) {
            Ok(Header::Message) => {}
            Ok(Header::End) | Err(Fault::Broken(_)) => return Err(stranger()),
            Ok(Header::Cut) | Err(Fault::Cut) if input.count == 0 => return Err(stranger()),
            Ok(Header::Cut) | Err(Fault::Cut) => return Err(SessionError::CutAtStart { file }),
            Err(Fault::Io(error)) => return Err(SessionError::Read { file, error }),
        }
        let parsed = root_as_message(&header).ok().filter(|message| message.bodyLength() == 0);
        let parsed = parsed.and_then(|message| try_fb_to_schema(message.header_as_schema()?).ok());
        let schema = parsed.ok_or_else(stranger)?;
        let Some(version) = metadata::version(&schema) else { return Err(stranger()) };
        let Some(wanted) = schema::read_fields(version) else {
            return Err(SessionError::Version { file, found: version });
        };
        let corrupt = |column: String| SessionError::Corrupt {
            file: file.clone(),
            offset: 0,
            what: format!("its column {column:?} is missing or of another type"),
        };
        let projection = projection(&schema, &wanted).map_err(corrupt)?;
        let mut layout = Vec::new();
        for field in schema.fields() {
            buffers_of(field.data_type(), &mut layout).ok_or_else(|| corrupt(field.name().clone()))?;
        }
        Ok(Frames {
            input,
            file,
            schema: Arc::new(schema),
            projection,
            layout,
            dictionaries: HashMap::new(),
            offset: 0,
            header,
            state: State::Open,
        })
    }

    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    pub fn state(&self) -> State {
        self.state
    }

    /// Bytes read so far.
    pub fn position(&self) -> u64 {
        self.input.count
    }

    /// An error at the batch that was read last.
    pub fn corrupt(&self, what: impl Into<String>) -> SessionError {
        SessionError::Corrupt { file: self.file.clone(), offset: self.offset, what: what.into() }
    }

    /// The next batch with the columns of `schema::read_fields` in that order; None at the end, whole or cut.
    pub fn read(&mut self) -> Result<Option<RecordBatch>, SessionError> {
        while self.state == State::Open {
            self.offset = self.input.count;
            match self.step() {
                Ok(Step::Batch(batch)) => return Ok(Some(batch)),
                Ok(Step::Dictionary) => {}
                Ok(Step::End) => self.state = State::Whole,
                Err(Fault::Cut) => self.state = State::Cut(self.input.count),
                Err(Fault::Io(error)) => return Err(SessionError::Read { file: self.file.clone(), error }),
                Err(Fault::Broken(what)) => return Err(self.corrupt(what)),
            }
        }
        Ok(None)
    }

    fn step(&mut self) -> Result<Step, Fault> {
        match read_header(&mut self.input, &mut self.header)? {
            Header::Message => {}
            Header::End => return Ok(Step::End),
            Header::Cut => return Err(Fault::Cut),
        }
        let message = root_as_message(&self.header).map_err(|_| broken("a batch's description is no message"))?;
        let body_len = u64::try_from(message.bodyLength()).ok().filter(|len| *len <= MAX_BODY);
        let body_len = body_len.ok_or(broken("a batch is larger than any that is written"))?;
        // Grows with the bytes that arrive: a lie about the length costs nothing.
        let mut body = Vec::new();
        self.input.by_ref().take(body_len).read_to_end(&mut body)?;
        if body.len() as u64 != body_len {
            return Err(Fault::Cut);
        }
        let version = message.version();
        match message.header_type() {
            MessageHeader::RecordBatch => {
                let batch = message.header_as_record_batch().ok_or(broken("a batch has no description"))?;
                check(&batch, &self.layout, &body)?;
                let batch = RecordBatchDecoder::try_new(
                    &body.into(),
                    batch,
                    self.schema.clone(),
                    &self.dictionaries,
                    &version,
                )?
                .with_projection(Some(&self.projection))
                .read_record_batch()?;
                Ok(Step::Batch(batch))
            }
            MessageHeader::DictionaryBatch => {
                let dictionary =
                    message.header_as_dictionary_batch().ok_or(broken("a dictionary has no description"))?;
                // The writer begins them anew and never adds to one.
                if dictionary.isDelta() {
                    return Err(broken("a dictionary grows"));
                }
                check(&dictionary.data().ok_or(broken("a dictionary has no words"))?, &WORDS, &body)?;
                read_dictionary(&body.into(), dictionary, &self.schema, &mut self.dictionaries, &version)?;
                Ok(Step::Dictionary)
            }
            _ => Err(broken("a message of an unknown kind")),
        }
    }
}

/// The columns that are read among those of the file. `Err` names the one that is not there.
fn projection(schema: &Schema, wanted: &Fields) -> Result<Vec<usize>, String> {
    let find = |wanted: &Arc<arrow_schema::Field>| {
        let (index, field) = schema.fields().find(wanted.name())?;
        (field.data_type() == wanted.data_type()).then_some(index)
    };
    let absent = |wanted: &Arc<arrow_schema::Field>| {
        schema::LATER.contains(&wanted.name().as_str()) && schema.fields().find(wanted.name()).is_none()
    };
    let wanted = wanted.iter().filter(|wanted| !absent(wanted));
    wanted.map(|wanted| find(wanted).ok_or_else(|| wanted.name().clone())).collect()
}

/// The buffers of a dictionary's words: which are null, where they begin, their text.
const WORDS: [usize; 3] = [1, 4, 1];

/// Adds the width of the elements of each buffer that a column of this type has, in the order of the Arrow format. None
/// for types that no recording uses.
fn buffers_of(ty: &DataType, widths: &mut Vec<usize>) -> Option<()> {
    // Bits, one for each value, say which are null.
    widths.push(1);
    match ty {
        DataType::Boolean => widths.push(1),
        DataType::Utf8 | DataType::Binary => widths.extend([4, 1]),
        DataType::LargeUtf8 | DataType::LargeBinary => widths.extend([8, 1]),
        DataType::List(item) => {
            widths.push(4);
            buffers_of(item.data_type(), widths)?;
        }
        DataType::Struct(fields) => {
            for field in fields {
                buffers_of(field.data_type(), widths)?;
            }
        }
        DataType::Dictionary(key, _) => widths.push(key.primitive_width()?),
        other => widths.push(other.primitive_width()?),
    }
    Some(())
}

/// Checks what a batch says about its body before the decoder follows it; the decoder panics on buffers that are no
/// whole number of elements or lie outside the body, and allocates whatever a compressed buffer says it holds.
fn check(batch: &arrow_ipc::RecordBatch<'_>, layout: &[usize], body: &[u8]) -> Result<(), Fault> {
    if !(0..=MAX_ROWS).contains(&batch.length()) {
        return Err(broken("a batch has more rows than any that is written"));
    }
    let nodes = batch.nodes().ok_or(broken("a batch has no columns"))?;
    let in_range = |length, nulls| length >= 0 && length <= body_values(body) && nulls >= 0 && nulls <= length;
    if !nodes.iter().all(|node| in_range(node.length(), node.null_count())) {
        return Err(broken("a column has an impossible length"));
    }
    let compressed = batch.compression().is_some();
    let mut unpacked = 0u64;
    let buffers = batch.buffers().ok_or(broken("a batch has no buffers"))?;
    if buffers.len() != layout.len() {
        return Err(broken("a batch has another number of buffers than its columns"));
    }
    for (buffer, width) in buffers.iter().zip(layout) {
        let start = usize::try_from(buffer.offset()).map_err(|_| broken("a buffer begins before its batch"))?;
        let len = usize::try_from(buffer.length()).map_err(|_| broken("a buffer has a negative length"))?;
        let bytes = start.checked_add(len).and_then(|end| body.get(start..end));
        let bytes = bytes.ok_or(broken("a buffer lies outside its batch"))?;
        let size = match bytes.first_chunk() {
            _ if !compressed || bytes.is_empty() => bytes.len() as u64,
            None => return Err(broken("a compressed buffer has no length")),
            // -1: this buffer is stored as it is.
            Some(prefix) => match i64::from_le_bytes(*prefix) {
                -1 => bytes.len() as u64 - 8,
                size => u64::try_from(size).map_err(|_| broken("a buffer has a negative size"))?,
            },
        };
        if size % *width as u64 != 0 {
            return Err(broken("a buffer breaks off within a value"));
        }
        unpacked = unpacked.saturating_add(size);
    }
    if unpacked > MAX_UNPACKED {
        return Err(broken("a batch unpacks to more than any that is written"));
    }
    Ok(())
}

/// The most values that a column can have: a bit each of what a batch may unpack to.
fn body_values(body: &[u8]) -> i64 {
    if body.is_empty() { 0 } else { MAX_UNPACKED as i64 * 8 }
}

enum Header {
    Message,
    /// The mark of a whole stream.
    End,
    /// Nothing more, and no mark.
    Cut,
}

/// Reads a message's description into `header`.
fn read_header<R: Read>(input: &mut Counted<R>, header: &mut Vec<u8>) -> Result<Header, Fault> {
    header.clear();
    input.by_ref().take(8).read_to_end(header)?;
    let Some(prefix) = header.first_chunk::<8>() else {
        let mark = &[0xff; 4][..header.len().min(4)];
        return if header[..mark.len()] == *mark { Ok(Header::Cut) } else { Err(broken("no batch begins here")) };
    };
    let (mark, len) = prefix.split_at(4);
    if mark != [0xff; 4] {
        return Err(broken("no batch begins here"));
    }
    let len = u32::from_le_bytes([len[0], len[1], len[2], len[3]]);
    if len == 0 {
        return Ok(Header::End);
    }
    if len > MAX_HEADER {
        return Err(broken("a batch's description is longer than any that is written"));
    }
    header.clear();
    input.by_ref().take(len.into()).read_to_end(header)?;
    if header.len() as u64 == u64::from(len) { Ok(Header::Message) } else { Err(Fault::Cut) }
}

/// Why a step failed.
enum Fault {
    /// The file ends too early.
    Cut,
    Io(io::Error),
    Broken(String),
}

fn broken(what: &str) -> Fault {
    Fault::Broken(what.into())
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Fault {
        Fault::Io(error)
    }
}

impl From<ArrowError> for Fault {
    fn from(error: ArrowError) -> Fault {
        // The decoder's words can quote bytes of the file: only printable ASCII goes on, and not without end.
        Fault::Broken(error.to_string().chars().map(|c| if c.is_ascii_graphic() { c } else { ' ' }).take(200).collect())
    }
}

/// Counts the bytes read.
struct Counted<R> {
    input: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buf)?;
        self.count += read as u64;
        Ok(read)
    }
}
