//! How the table of frames becomes code.
//!
//! A line of the table, `"key" Kind => field;`, says under which key a field of a frame stands, and
//! what kind of value it is there. Several fields that stand under one key are separated by commas.

/// Defines the frames of one side: reads, writes and describes them.
macro_rules! frames {
    ($frames:ident from $sender:ident, described by $rows:ident: $(
        $(#[doc = $about:literal])+
        $kind:literal => $variant:ident $body:tt
    )+) => {
        impl<'a> Incoming<'a> for $frames<Cow<'a, str>, Message> {
            const SENDER: Side = Side::$sender;

            fn read(kind: &str, fields: &Fields<'a>) -> Option<(&'static str, Result<Self, Fault>)> {
                match kind {
                    $( $kind => Some(($kind, attempt(|| fields!(read fields [$frames::$variant] $body)))), )+
                    _ => None,
                }
            }
        }

        impl<N: AsRef<str>> Outgoing for $frames<N, Message> {
            fn write(&self, out: &mut impl Write) {
                match self {
                    $( fields!(pattern [$frames::$variant] $body) => fields!(write out [TYPE_KEY = $kind] $body), )+
                }
            }
        }

        fn $rows() -> Vec<FrameRow> {
            vec![$( FrameRow {
                kind: $kind,
                sender: Side::$sender,
                about: concat!($($about),+),
                fields: fields!(rows $body),
            } ),+]
        }
    };
}

/// Defines a kind of value that is an object of its own.
macro_rules! record {
    (
        $(#[doc = $about:literal])*
        $record:ident reads $read:ty, writes [$($generics:tt)*] $written:ty: $($made:ident)? { $($body:tt)* }
    ) => {
        $(#[doc = $about])*
        pub(super) struct $record;

        impl Kind for $record {
            type Value<'a> = $read;

            const ACCEPTS: Accepted = Accepted::Object;

            fn parse<'a>(value: Value<'a>, source: &'a Bytes) -> Result<$read, Fault> {
                let fields = &Fields::of_object(value, source)?;
                fields!(read fields [$($made)?] { $($body)* })
            }

            fn inner() -> Vec<FieldRow> {
                fields!(rows { $($body)* })
            }
        }

        impl<$($generics)*> PutKind<$written> for $record {
            fn say(value: $written, out: &mut impl Write) {
                let fields!(pattern [$($made)?] { $($body)* }) = value;
                fields!(write out [] { $($body)* });
            }
        }
    };
}

/// What is done with the lines of one frame or record.
macro_rules! fields {
    // One field, or several as a tuple: a pattern or an expression.
    (names $name:ident) => { $name };
    (names $($name:ident),+) => { ($($name),+) };

    // A struct within a variant.
    (read $fields:ident [$($path:tt)+] ($struct:ident $body:tt)) => {
        fields!(read $fields [$struct] $body).map($($path)+)
    };
    (pattern [$($path:tt)+] ($struct:ident $body:tt)) => {
        $($path)+(fields!(pattern [$struct] $body))
    };
    (write $out:ident [$($tag:tt)*] ($struct:ident $body:tt)) => {
        fields!(write $out [$($tag)*] $body)
    };
    (rows ($struct:ident $body:tt)) => { fields!(rows $body) };

    // Fields with names; those behind `with` do not stand in the object.
    (read $fields:ident [$($path:tt)+] {
        $( $(#[doc = $about:literal])+ $key:literal $kind:ty => $($name:ident),+; )*
        $( with $($other:ident: $value:expr),+; )?
    }) => {{
        $( let fields!(names $($name),+) = <$kind as Field>::read($fields, $key)?; )*
        Ok($($path)+ { $( $($name,)+ )* $( $($other: $value),+ )? })
    }};
    (pattern [$($path:tt)+] {
        $( $(#[doc = $about:literal])+ $key:literal $kind:ty => $($name:ident),+; )*
        $( with $($other:ident: $value:expr),+; )?
    }) => {
        $($path)+ { $( $($name,)+ )* $( $($other: _),+ )? }
    };

    // Fields without a struct: a tuple.
    (read $fields:ident [] {
        $( $(#[doc = $about:literal])+ $key:literal $kind:ty => $($name:ident),+; )*
    }) => {{
        $( let fields!(names $($name),+) = <$kind as Field>::read($fields, $key)?; )*
        Ok(fields!(names $( $($name),+ ),*))
    }};
    (pattern [] {
        $( $(#[doc = $about:literal])+ $key:literal $kind:ty => $($name:ident),+; )*
    }) => {
        fields!(names $( $($name),+ ),*)
    };

    (write $out:ident [$($tag:ident = $value:literal)?] {
        $( $(#[doc = $about:literal])+ $key:literal $kind:ty => $($name:ident),+; )*
        $( with $($rest:tt)+ )?
    }) => {{
        let count = 0 $( + { let _ = $value; 1 } )? $( + <$kind as Put<_>>::count(fields!(names $($name),+)) )*;
        $out.object(count);
        $( $out.key($tag); $out.text($value); )?
        $( <$kind as Put<_>>::put($key, fields!(names $($name),+), $out); )*
        $out.object_end();
    }};
    (rows {
        $( $(#[doc = $about:literal])+ $key:literal $kind:ty => $($name:ident),+; )*
        $( with $($rest:tt)+ )?
    }) => {{
        let rows: Vec<Vec<FieldRow>> = vec![$( <$kind as Field>::rows($key, concat!($($about),+)) ),*];
        rows.into_iter().flatten().collect()
    }};
}

pub(super) use {fields, frames, record};
