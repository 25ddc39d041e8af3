//! A validator of JSON Schema 2020-12, of those keywords that our schemas use. A keyword that it does not know is an error,
//! so a schema cannot promise what nobody checks.

use std::collections::HashMap;

use regex::Regex;
use serde_json::{Map, Value};

/// Keywords that say nothing about the instance.
const REMARKS: [&str; 5] = ["$schema", "$id", "$defs", "title", "description"];

pub struct Schema {
    root: Value,
    patterns: HashMap<String, Regex>,
}

impl Schema {
    pub fn new(text: &str) -> Schema {
        let root = serde_json::from_str(text).expect("the schema is JSON");
        let mut patterns = HashMap::new();
        collect(&root, &mut patterns);
        Schema { root, patterns }
    }

    /// What is wrong with an instance, with the place where.
    pub fn check(&self, instance: &Value) -> Result<(), String> {
        self.at(&self.root, instance, "")
    }

    fn at(&self, schema: &Value, instance: &Value, place: &str) -> Result<(), String> {
        let Value::Object(keywords) = schema else { panic!("{place}: a schema is an object") };
        for (keyword, said) in keywords {
            let wrong = |what: &str| Err(format!("{place}: {instance} {what} {said}"));
            match keyword.as_str() {
                remark if REMARKS.contains(&remark) => {}
                "$ref" => self.at(self.referred(said), instance, place)?,
                "type" if !is(instance, said.as_str().expect("a type")) => return wrong("is no"),
                "type" => {}
                "const" if instance != said => return wrong("is not"),
                "const" => {}
                "enum" if !said.as_array().expect("a list").contains(instance) => return wrong("is none of"),
                "enum" => {}
                "pattern" => {
                    let fits = |text| self.patterns[said.as_str().expect("a pattern")].is_match(text);
                    if instance.as_str().is_some_and(|text| !fits(text)) {
                        return wrong("does not fit");
                    }
                }
                "minimum" if instance.as_i64() < said.as_i64() && instance.is_number() => return wrong("is less than"),
                "maximum" if instance.as_f64() > said.as_f64() && instance.is_number() => return wrong("is more than"),
                "minimum" | "maximum" => {}
                "required" => {
                    let names = said.as_array().expect("a list").iter().map(|name| name.as_str().expect("a name"));
                    for name in names {
                        if instance.as_object().is_some_and(|object| !object.contains_key(name)) {
                            return wrong(&format!("lacks {name} of"));
                        }
                    }
                }
                "properties" | "additionalProperties" => {}
                "items" => {
                    for (i, item) in instance.as_array().into_iter().flatten().enumerate() {
                        self.at(said, item, &format!("{place}/{i}"))?;
                    }
                }
                "oneOf" => self.one_of(said, instance, place)?,
                other => panic!("{place}: the validator does not know {other}"),
            }
        }
        match instance {
            Value::Object(object) => self.members(keywords, object, place),
            _ => Ok(()),
        }
    }

    fn one_of(&self, said: &Value, instance: &Value, place: &str) -> Result<(), String> {
        let all = said.as_array().expect("a list");
        let results: Vec<_> = all.iter().map(|schema| self.at(schema, instance, place)).collect();
        match results.iter().filter(|result| result.is_ok()).count() {
            1 => Ok(()),
            0 => {
                // The one that went deepest is what was meant.
                let deepest = results
                    .into_iter()
                    .filter_map(Result::err)
                    .max_by_key(|error| error.split(':').next().map(str::len));
                Err(deepest.unwrap_or_default())
            }
            many => Err(format!("{place}: {instance} fits {many} of the alternatives")),
        }
    }

    fn members(&self, keywords: &Map<String, Value>, object: &Map<String, Value>, place: &str) -> Result<(), String> {
        let declared = keywords.get("properties").and_then(Value::as_object);
        for (name, member) in object {
            let place = format!("{place}/{name}");
            match (declared.and_then(|declared| declared.get(name)), keywords.get("additionalProperties")) {
                (Some(schema), _) => self.at(schema, member, &place)?,
                (None, Some(Value::Bool(false))) => return Err(format!("{place}: is not declared")),
                (None, Some(schema @ Value::Object(_))) => self.at(schema, member, &place)?,
                (None, _) => {}
            }
        }
        Ok(())
    }

    fn referred(&self, said: &Value) -> &Value {
        let pointer = said.as_str().and_then(|said| said.strip_prefix('#')).expect("a place in this schema");
        self.root.pointer(pointer).unwrap_or_else(|| panic!("{pointer} is not in the schema"))
    }
}

/// Every pattern of a schema.
fn collect(schema: &Value, patterns: &mut HashMap<String, Regex>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(text)) = members.get("pattern") {
                patterns.insert(text.clone(), Regex::new(text).expect("a pattern"));
            }
            members.values().for_each(|member| collect(member, patterns));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, patterns)),
        _ => {}
    }
}

fn is(instance: &Value, kind: &str) -> bool {
    match kind {
        "object" => instance.is_object(),
        "array" => instance.is_array(),
        "string" => instance.is_string(),
        "integer" => instance.is_i64() || instance.is_u64(),
        "boolean" => instance.is_boolean(),
        "null" => instance.is_null(),
        other => panic!("the validator does not know the type {other}"),
    }
}

#[test]
fn it_tells_right_from_wrong() {
    let schema = Schema::new(
        r##"{"type":"object","properties":{"a":{"$ref":"#/$defs/n"},"b":{"type":"array","items":{"enum":[1,"x"]}}},
            "required":["a"],"additionalProperties":false,"$defs":{"n":{"oneOf":[{"type":"integer","minimum":2,"maximum":3},
            {"type":"string","pattern":"^x+$"}]}}}"##,
    );
    let is_right = |text: &str| schema.check(&serde_json::from_str(text).expect("JSON")).is_ok();
    for right in [r#"{"a":2}"#, r#"{"a":"xx","b":[1,"x"]}"#] {
        assert!(is_right(right), "{right}");
    }
    for wrong in [
        "3",
        "{}",
        r#"{"a":4}"#,
        r#"{"a":1}"#,
        r#"{"a":"y"}"#,
        r#"{"a":2,"b":[2]}"#,
        r#"{"a":2,"c":1}"#,
        r#"{"a":2.5}"#,
    ] {
        assert!(!is_right(wrong), "{wrong}");
    }
}
