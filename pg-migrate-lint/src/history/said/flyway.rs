//! Flyway: its own files, Spring's and those of build tools, and `FLYWAY_…`. The variables go before the files.

use shared::Result;

use super::{Said, Sources, text};

/// What is looked for, as the files write it.
const KEYS: [&str; 3] = ["table", "defaultSchema", "schemas"];
/// The variables for the same.
const VARIABLES: [&str; 3] = ["FLYWAY_TABLE", "FLYWAY_DEFAULT_SCHEMA", "FLYWAY_SCHEMAS"];

/// How a file is read: the value of a key.
type Reader = fn(&str, &str) -> Option<String>;

/// The files, in the order in which they count.
const FILES: [(&str, Reader); 9] = [
    ("flyway.toml", toml),
    ("flyway.conf", conf),
    ("conf/flyway.toml", toml),
    ("conf/flyway.conf", conf),
    ("application.properties", properties),
    ("application.yml", yaml),
    ("application.yaml", yaml),
    ("pom.xml", pom),
    ("build.gradle", gradle),
];

/// What is said of the history, and of the schema that scripts run in.
pub fn of(sources: &Sources) -> Result<Said> {
    let mut values: [Option<String>; 3] = [None, None, None];
    let mut by = Vec::new();
    for (variable, value) in VARIABLES.iter().zip(&mut values) {
        if sources.environment.says(variable) {
            *value = sources.environment.get(variable)?.map(str::to_string);
            by.push((*variable).to_string());
        }
    }
    for (name, read) in FILES {
        let Some(path) = sources.path(name) else {
            continue;
        };
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let found = KEYS.map(|key| read(&text, key));
        if found.iter().any(Option::is_some) {
            by.push(path.display().to_string());
        }
        for (value, found) in values.iter_mut().zip(found) {
            *value = value.take().or(found);
        }
    }
    let by = by.join(", ");
    let [table, default, schemas] = values;
    // The first of the schemas is the default one.
    let first = schemas.map(|list| {
        let first = list.split(',').next().unwrap_or_default();
        first.trim().to_string()
    });
    let schema = default.or(first).filter(|schema| !schema.is_empty());
    let is_computed = table
        .iter()
        .chain(&schema)
        .any(|value| text::is_computed(value));
    Ok(match is_computed {
        true => Said::unread("where the history is, is computed").by(by),
        false => Said {
            table,
            runs_in: schema.clone(),
            schema,
            by,
            unread: None,
        },
    })
}

/// `[flyway]`; schemas may be a list, and stand with an environment.
fn toml(text: &str, key: &str) -> Option<String> {
    let file: toml::Table = text.parse().ok()?;
    let value = |table: &toml::Table| {
        let value = table.get(key)?;
        let list = value.as_array().and_then(|list| list.first());
        list.unwrap_or(value).as_str().map(str::to_string)
    };
    let own = file.get("flyway").and_then(toml::Value::as_table);
    let environments = file.get("environments").and_then(toml::Value::as_table);
    let in_environment = || {
        let mut tables = environments?.values().filter_map(toml::Value::as_table);
        tables.find_map(value)
    };
    own.and_then(value).or_else(in_environment)
}

fn conf(text: &str, key: &str) -> Option<String> {
    let wanted = format!("flyway.{key}");
    let mut pairs = text::pairs(text).into_iter();
    pairs
        .find(|pair| pair.key == wanted && !pair.value.is_empty())
        .map(|pair| pair.value)
}

fn properties(text: &str, key: &str) -> Option<String> {
    let mut pairs = text::pairs(text).into_iter();
    let wanted = [
        format!("spring.flyway.{key}"),
        format!("spring.flyway.{}", dashed(key)),
    ];
    pairs
        .find(|pair| wanted.contains(&pair.key))
        .map(|pair| pair.value)
}

fn yaml(text: &str, key: &str) -> Option<String> {
    let mut lines = text::yaml(text).into_iter();
    let is_it = |path: &[String]| match path {
        [spring, flyway, last] => {
            spring == "spring" && flyway == "flyway" && (last == key || *last == dashed(key))
        }
        _ => false,
    };
    lines.find(|(path, _)| is_it(path)).map(|(_, value)| value)
}

/// A property of its own, or an element of the plugin's configuration.
fn pom(text: &str, key: &str) -> Option<String> {
    let between = |text: &str, name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        let (value, _) = rest.split_once(&format!("</{name}>"))?;
        Some(value.trim().to_string())
    };
    between(text, &format!("flyway.{key}")).or_else(|| {
        let (_, rest) = text.split_once("<artifactId>flyway-maven-plugin</artifactId>")?;
        let (plugin, _) = rest.split_once("</plugin>")?;
        match key {
            "schemas" => between(plugin, "schema"),
            key => between(plugin, key),
        }
    })
}

/// `flyway { table = 'x' }`
fn gradle(text: &str, key: &str) -> Option<String> {
    let (_, rest) = text.split_once("flyway {")?;
    let (block, _) = rest.split_once('}')?;
    let pair = text::pairs(block)
        .into_iter()
        .find(|pair| pair.key == key)?;
    Some(pair.value.trim_matches(['[', ']', '\'', '"']).to_string())
}

/// `defaultSchema` as Spring's people write it.
fn dashed(key: &str) -> String {
    let mut dashed = String::new();
    for letter in key.chars() {
        if letter.is_ascii_uppercase() {
            dashed.push('-');
        }
        dashed.push(letter.to_ascii_lowercase());
    }
    dashed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_in_its_own_words() {
        for (read, text, key, expected) in [
            (
                toml as Reader,
                "[flyway]\ntable = \"hist\"\n",
                "table",
                Some("hist"),
            ),
            (
                toml,
                "[environments.a]\nschemas = [\"app\", \"b\"]\n",
                "schemas",
                Some("app"),
            ),
            (
                conf,
                "flyway.url=x\nflyway.table = hist\n",
                "table",
                Some("hist"),
            ),
            (conf, "# flyway.table=hist\n", "table", None),
            (
                properties,
                "spring.flyway.default-schema=app\n",
                "defaultSchema",
                Some("app"),
            ),
            (
                yaml,
                "spring:\n  flyway:\n    table: hist\n",
                "table",
                Some("hist"),
            ),
            (yaml, "spring:\n  jpa:\n    table: hist\n", "table", None),
            (
                pom,
                "<properties><flyway.table>hist</flyway.table></properties>",
                "table",
                Some("hist"),
            ),
            (
                pom,
                "<plugin><artifactId>flyway-maven-plugin</artifactId><configuration><schemas><schema>app</schema></schemas></configuration></plugin>",
                "schemas",
                Some("app"),
            ),
            (
                gradle,
                "flyway {\n  url = 'x'\n  schemas = ['app']\n}\n",
                "schemas",
                Some("app"),
            ),
        ] {
            assert_eq!(read(text, key).as_deref(), expected, "{text}");
        }
    }
}
