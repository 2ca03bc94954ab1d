"""Makes rendered.json with Jinja2 (3.1.6), set up as transformers does. Run it in this directory."""
import json, jinja2, os
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.ext import Extension
import jinja2.nodes
class Gen(Extension):
    tags={"generation"}
    def parse(self, parser):
        ln=next(parser.stream).lineno
        body=parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_r"),[],[],body).set_lineno(ln)
    def _r(self, caller): return caller()
env=ImmutableSandboxedEnvironment(trim_blocks=True,lstrip_blocks=True,extensions=[Gen,"jinja2.ext.loopcontrols"])
def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False): return json.dumps(x,ensure_ascii=ensure_ascii,indent=indent,separators=separators,sort_keys=sort_keys)
env.filters["tojson"]=tojson
class Refuse(Exception): pass
def rex(m): raise Refuse(m)
env.globals["raise_exception"]=rex
U=lambda c:{"role":"user","content":c}; A=lambda c:{"role":"assistant","content":c}; S=lambda c:{"role":"system","content":c}; T=lambda c:{"role":"tool","content":c}
chats=[[U("Hello!")],[S("Be terse. "),U(" Hi\n"),A("  Yes?\n"),U("What's 2+2? {{ 7*7 }} {% if x %}")],[U("a"),A("<think>\nhmm\n</think>\n\nb"),U("c")],[U("a"),A("<think>\nhmm\n</think>\n\nb")],
 [S("s"),U("use it"),A("call"),T("{\"t\": 1}"),T("two"),A("done")],[A("first"),U("x")],[U("<tool_response>x</tool_response>"),A("y"),U("é😀\t\"q\" \\ end")],[U("")]]
tools=[{"type":"function","function":{"name":"get_weather","description":"Wea\"ther\nof é","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"n":[1,2.5,True,None],"e":{},"l":[]}}}]
rows=[]
for f in sorted(os.listdir(".")):
    if not f.endswith(".jinja"): continue
    t=env.from_string(open(f).read())
    for c in chats:
        for gen in (True,False):
            for ex in ({}, {"tools":tools}, {"enable_thinking":False}):
                if ex and not gen: continue
                r={"template":f,"messages":c,"add_generation_prompt":gen,"extra":ex}
                try: r["text"]=t.render(messages=c,add_generation_prompt=gen,bos_token="<s>",eos_token="</s>",**ex)
                except Refuse as e: r["raises"]=str(e)
                rows.append(r)
exprs=["{{ 'abc'.upper() }}","{{ ' a b '.strip() }}|{{ 'xxabxx'.strip('x') }}","{{ 'a,b,c'.split(',') | join('-') }}","{{ 'a b  c'.split() | length }}","{{ 'a,b,c'.split(',', 1)[-1] }}",
"{{ 'hello world'.title() }} {{ 'hELLO'.capitalize() }}","{{ 'abcabc'.replace('b','') }}","{{ 'abc'.find('c') }}{{ 'abcb'.count('b') }}","{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}","{{ d.get('zz', 'none') }}{{ d['a'] }}","{{ d.keys() | list | length }}","{% for i in range(3) %}{{ i }}{{ ',' if not loop.last }}{% endfor %}",
"{% set ns = namespace(n=0) %}{% for i in range(5) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}","{{ [1,2,3][-1] }}{{ [1,2,3][1:] | length }}","{{ 'abcdef'[1:3] }}{{ 'abcdef'[-2:] }}{{ 'abcdef'[:-1] }}","{{ x | default('dflt') }}","{{ 'a' ~ 1 ~ 'b' }}","{{ 'yes' if d is mapping else 'no' }}{{ 'yes' if [1] is sequence else 'no' }}{{ 'yes' if 'a' is string else 'no' }}{{ 'yes' if none is none else 'no' }}",
"{{ 'yes' if x is not defined else 'no' }}{{ 'yes' if 'a' in d else 'no' }}{{ 'yes' if 'q' not in d else 'no' }}","{%- if true %}\n  x\n{%- endif %}\n y","{# note #}a{#- note -#} b","{{ \"it's\" }}{{ '\\n' }}{{ 'tab\\there' }}","{% raw %}{{ x }}{% endraw %}","{% for i in [1,2,3,4] %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %}","{{ {'b': 1, 'a': [true, none, 'é']} | tojson }}","{{ ['a','b'] | first }}{{ ['a','b'] | last }}{{ (['a','b'] + ['c']) | length }}" ,
"{% set x = 'v' %}{{ x }}{% set y %}block{% endset %}{{ y }}","{{ (3 * 4 + 2) // 4 }}{{ 7 % 3 }}","{{ msgs | selectattr('role', 'equalto', 'user') | map(attribute='content') | join(',') }}","{{ msgs | rejectattr('role', 'equalto', 'user') | list | length }}","{{ 'A' | lower }}{{ ' a ' | trim }}{{ 'abc' | length }}{{ 'a' | upper }}","{{ 'a\nb' | indent(2) }}|{{ 'a\nb' | indent(2, true) }}","{% if a and not b or c %}1{% else %}0{% endif %}","{% if d.zz %}1{% else %}0{% endif %}{% if d.zz is defined %}1{% else %}0{% endif %}","  {% if true %}a{% endif %}\n  b\n", "a\n\n", "{{ 'a' if true }}{{ 'b' if false }}", "{% for m in msgs %}{{ loop.index }}/{{ loop.length }}{{ ' ' }}{% endfor %}"]
rows2=[]
for e in exprs:
    try: rows2.append({"template":e,"text":env.from_string(e).render(d={"a":1,"b":"two"},msgs=[U("q"),A("r"),U("s")])})
    except Exception as x: print(e,x)
open("rendered.json","w").write(json.dumps({"chats":rows,"expressions":rows2},ensure_ascii=True,indent=0,separators=(",",":"))+"\n")
