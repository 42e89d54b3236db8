"""What stands around the report: its style, light and dark, and the sorting of its tables."""

HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/><title>TITLE</title><style>
:root{--ink:#1d2330;--soft:#667085;--line:#e4e7ec;--card:#fff;--page:#f6f7f9;--best:#e7f5ec;color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#98a2b3;--line:#2c3444;--card:#171c26;--page:#0f131a;
--best:#173526}}
*{box-sizing:border-box}body{margin:0 auto;max-width:1180px;
padding:24px 16px 80px;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
h1{font-size:26px;margin:0 0 6px}h2{font-size:19px;margin:0 0 12px}h3{font-size:15px;margin:18px 0 6px}
small{color:var(--soft);font-weight:400}header p{color:var(--soft);margin:0 0 8px}
pre{overflow:auto;font-size:12px;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:8px 12px}
section{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:18px 20px;margin:18px 0}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:6px 10px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child{text-align:left}td small{display:block;font-size:11px}td.best{background:var(--best);
font-weight:600}th{cursor:pointer;color:var(--soft);font-weight:600;font-size:13px}th[data-sorted]{color:var(--ink)}
td i{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:8px}
td.note{white-space:normal;text-align:left;min-width:220px;font-size:12px;color:var(--soft)}
details{margin:0 0 12px}summary{cursor:pointer;font-weight:600;margin-bottom:6px}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(440px,100%),1fr));gap:18px;margin:14px 0}
svg{width:100%;height:auto}svg text{fill:var(--ink);font-size:12px}svg .title{font-weight:600;font-size:13px}
svg .name{text-anchor:end}svg .tick{text-anchor:middle;fill:var(--soft)}svg .interval{stroke:var(--ink);fill:none}
svg .grid{stroke:var(--line);fill:none}svg .mean{fill:none;stroke-width:2.5}
.examples{display:grid;grid-template-columns:repeat(auto-fill,minmax(140px,1fr));gap:8px}figure{margin:0}
figure img{width:100%;border-radius:8px;display:block}figcaption{font-size:12px;color:var(--soft);text-align:center}
</style></head><body>"""

SCRIPT = """document.querySelectorAll("table.sortable th").forEach(head=>head.addEventListener("click",()=>{
const row=head.parentNode,body=row.closest("table").tBodies[0],at=[...row.children].indexOf(head),
up=head.dataset.sorted!=="up",key=line=>{const cell=line.children[at],text=cell.dataset.value??cell.textContent,
number=parseFloat(text.replace("−","-"));return isNaN(number)?text:number};
row.querySelectorAll("th").forEach(other=>delete other.dataset.sorted);head.dataset.sorted=up?"up":"down";
[...body.rows].sort((a,b)=>{const x=key(a),y=key(b),c=typeof x===typeof y?(x<y?-1:x>y?1:0):typeof x==="number"?-1:1;
return up?c:-c}).forEach(line=>body.append(line))}));"""
