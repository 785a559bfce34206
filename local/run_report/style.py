"""Colours and the style sheet of the report."""
from __future__ import annotations

PROFIT, LOSS, NEUTRAL = "#2f9e6e", "#d1495b", "#8a94a6"
STRATEGY_COLOURS = ("#2563eb", "#d97706", "#059669", "#9333ea", "#0891b2", "#db2777", "#65a30d", "#b45309", "#4f46e5",
                    "#64748b")
REGIME_COLOURS = {"very_low": "#e8f4ec", "low": "#f1f8ee", "normal": "#fdf8e7", "elevated": "#fdeedd",
                  "high": "#fbe3e1"}

STYLE = """
:root{--ink:#1d2733;--soft:#5b6777;--rule:#e4e8ee;--page:#f6f7f9;--card:#fff;--accent:#1f5fbf}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
header{background:linear-gradient(120deg,#16324f,#22577a);color:#fff;padding:30px 0 26px}
header h1{margin:0 0 4px;font-size:27px;font-weight:650;letter-spacing:-.01em}
header p{margin:0;color:#cfdfec}
.wrap{max-width:1240px;margin:0 auto;padding:0 24px}
nav{position:sticky;top:0;z-index:2;background:rgba(255,255,255,.96);border-bottom:1px solid var(--rule)}
nav .wrap{display:flex;flex-wrap:wrap;gap:0 4px;padding-top:6px;padding-bottom:6px}
nav a{color:var(--soft);text-decoration:none;padding:4px 10px;border-radius:6px;white-space:nowrap;font-size:14px}
nav a:hover{background:#eef3f9;color:var(--accent)}
section,article{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:20px 22px;
margin:20px 0;scroll-margin-top:84px}
h2{font-size:18px;margin:0 0 4px;font-weight:650}
h3{font-size:15px;margin:18px 0 6px;font-weight:620}
.legend{display:flex;flex-wrap:wrap;gap:5px;margin:0 0 10px}
.quiet{color:var(--soft);margin:0 0 12px;font-size:14px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(126px,1fr));gap:10px;margin:20px 0}
.tile{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:13px 15px}
.tile b{display:block;font-size:19px;font-weight:650;letter-spacing:-.01em}
.tile span{color:var(--soft);font-size:13px}
svg{display:block;width:100%;height:auto;overflow:visible}
svg text{font-family:inherit;fill:var(--ink);font-size:13px}
svg .tick{fill:#6b7686;font-size:12px}
svg .band{fill:#7a725f;font-size:11px;paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}
svg .grid{stroke:#d9dfe7;stroke-width:.7}
svg .zero{stroke:#9aa5b3;stroke-width:1}
svg .equity{fill:none;stroke:#1f5fbf;stroke-width:2;stroke-linejoin:round}
svg .equity-area{fill:#1f5fbf;opacity:.07}
svg .fall{fill:none;stroke:#d1495b;stroke-width:1.4}
svg .fall-area{fill:#d1495b;opacity:.16}
svg .vix{fill:none;stroke:#3b2a5c;stroke-width:1.8;stroke-linejoin:round}
svg .series{fill:none;stroke:#22577a;stroke-width:1.6}
svg .mark{stroke:#fff;stroke-width:.8}
svg .hover{fill:transparent}
svg .hover:hover{fill:rgba(31,95,191,.08)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13.5px}
th{text-align:left;color:var(--soft);font-weight:600;border-bottom:2px solid var(--rule);padding:6px 9px;
white-space:nowrap}
td{border-bottom:1px solid #eef1f5;padding:6px 9px;vertical-align:top}
tbody tr:hover{background:#f7fafd}
.number{text-align:right;white-space:nowrap}
th.number{text-align:right}
.nowrap{white-space:nowrap}
.legs{white-space:nowrap;color:#3c4a5a;font-size:12.5px;
font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.up{color:#1d7d55}.down{color:#b83245}
.chip{display:inline-block;border-radius:5px;padding:0 7px;font-size:12px;line-height:20px;color:#fff;
white-space:nowrap}
.forced{background:#fbe9e7;color:#a6382c;border-radius:4px;padding:0 5px;font-size:11.5px;margin-left:5px}
.code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:12.5px}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:10px 34px}
dl{display:grid;grid-template-columns:1fr auto;gap:0;margin:0;font-size:13.5px}
dt,dd{border-bottom:1px solid #eef1f5;padding:4px 2px;margin:0}
dd{text-align:right}
dt{color:var(--soft)}
details summary{cursor:pointer;color:var(--accent);padding:6px 0}
footer{color:var(--soft);font-size:13px;padding:8px 0 40px}
@media print{nav{display:none}section,article{break-inside:avoid}}
"""
