//! The same ten messages for every dialect.

use serde_json::{Value, json};

use crate::markup::Format;

/// A message: what it is, its text and format, and its `extra`.
pub(super) struct Message {
    pub(super) name: &'static str,
    pub(super) text: String,
    pub(super) format: Format,
    pub(super) extra: Value,
}

pub(super) fn all() -> Vec<Message> {
    let markdown =
        |name, text: &str| Message { name, text: text.into(), format: Format::Markdown, extra: Value::Null };
    let log: String = (1..=40).map(|n| format!("12:00:{n:02} web{} GET /health 200 *{n}*\n", n % 3)).collect();
    vec![
        markdown("StackStorm's default text", DEFAULT),
        markdown("a table", TABLE),
        markdown("lists in lists", LISTS),
        markdown("code", CODE),
        markdown("links", LINKS),
        Message { extra: attachment(), ..markdown("an attachment with fields", "Deployed **api** to `prod`.") },
        markdown("a long log", &format!("The log:\n\n```\n{log}```\nThat was all.")),
        Message { format: Format::Mrkdwn, ..markdown("Slack's mrkdwn", MRKDWN) },
        markdown("Unicode", UNICODE),
        markdown("hostile text", HOSTILE),
    ]
}

fn attachment() -> Value {
    json!({"slack": {
        "pretext": "Release *4.2*",
        "title": "api 4.2",
        "title_link": "https://ci.example.org/api/4.2",
        "text": "All _12_ hosts, see <https://wiki.example.org/deploy|the page>.",
        "fields": [
            {"title": "Version", "value": "4.2.0", "short": true},
            {"title": "Hosts", "value": 12, "short": true},
            {"title": "Warnings", "value": "disk `sda1`\nload"},
        ],
        "image_url": "https://ci.example.org/graph.png",
        "color": "good",
        "footer": "by joe",
        "attachments": [{"title": "second", "text": "with <!channel>"}],
    }})
}

const DEFAULT: &str = "
Action core.local completed.
status : failed
execution: 5f3e9c0b8a1d2e0001a2b3c4

web_url: https://st2.example.org/#/history/5f3e9c0b8a1d2e0001a2b3c4/general

Took 1s to complete.

result :
--------
stdout :       
  total 4
  -rw-r--r-- 1 root root  12 __init__.py
  *.txt: 2 * 3 * 4 = 24 <none> C:\\temp\\*.log
stderr : ls: cannot access `foo': No such file
return_code : 2

";

const TABLE: &str = "Hosts:

| host | state | since |
|------|:-----:|------:|
| web1 | **up** | 3 days |
| żółw | down | `2 h` | extra |

Below.";

const LISTS: &str = "# Plan

1. build
   - api
   - *web*
     still web
2. test
5. deploy

- one

  second paragraph of one
- two
> quoted **words**
> - with a list
not quoted
";

const CODE: &str = "Run `ls -l`:

```python
def f(x):
    return x * 2  # <- *not* marked


print(f(\"```\"))
```
```{\"a\": 1}
{\"b\": 2}```
Done in ``a`b``.";

const LINKS: &str = "See [the docs](https://docs.example.org/a_b_c \"Docs\"), <https://example.org/x?a=1&b=2>, \
https://example.org/_under_/score and [https://bank.example.com](https://evil.example.net/login).
[click](javascript:alert(1)), [file](README.md), ![graph](https://example.org/graph.png), <mailto:joe@example.org>,
[example.org](https://example.org/) and array[1](2).

[ref]: https://example.org/lost \"not lost\"";

const MRKDWN: &str =
    "*Deployed* _api_ ~4.1~ with `make *deploy*` &amp; <https://ci.example.org/7|build 7>, <@U123|ada>, <!here>.
&gt; said &lt;joe&gt;
```
code *as it is*
```
• one
• two";

const UNICODE: &str = "**żółw** 👩\u{200d}🚀 e\u{301}tude — 日本語の**重要**な文 🇵🇱 ＠all ﷽ «*cytat*»";

const HOSTILE: &str = "!reboot @everyone and @here, <!channel>, @**room**
<script>alert(\"x\")</script> <b>bold</b> &lt;i&gt; &#0;
\u{1b}[31mred\u{1b}[0m \u{3}04colour \u{2}bold\u{f} \u{202e}gnp.exe\u{2066} \u{1}ACTION waves\u{1}
\rQUIT :bye\r\nPRIVMSG #ops :hi\0
]]><!-- </body> --> ``` > * _ ~
** unclosed __and__ [half](https://example.org
--------
=====";
