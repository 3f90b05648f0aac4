/* diagram_page.c: an HTML page that steps through a run. The page holds the steps as numbers and draws a window of them; it loads nothing. */
#include "sim/drawing/diagram.h"

#include "base/assert.h"
#include "sim/world/world_priv.h"

static const char head[] =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>ward-sim</title>\n"
    "<style>body{font:13px sans-serif;margin:12px;color:#222}h1{font-size:15px}#bar{position:sticky;top:0;background:#fff;padding:6px 0}#bar input[type=range]{width:50%}\n"
    "#main{display:flex;gap:16px}svg{border:1px solid #ddd;flex:3;min-width:0}#side{flex:1;min-width:260px}table{border-collapse:collapse;margin-bottom:10px}\n"
    "td,th{border:1px solid #ddd;padding:2px 6px;text-align:right}#log{font:11px monospace;white-space:pre-wrap}.now{background:#fff3c4}\n"
    "svg text{font:10px sans-serif}.down{stroke:#d33;stroke-dasharray:2 3}.up{stroke:#bbb}.main{stroke:#1f6fb5}.faint{stroke:#bbb;stroke-dasharray:2 2}.lost{stroke:#d33;stroke-dasharray:4 2}</style>\n";

static const char body[] =
    "<div id=\"bar\"><button id=\"back\">&#9664;</button> <button id=\"next\">&#9654;</button> <input type=\"range\" id=\"at\" min=\"0\" value=\"0\"> <span id=\"when\"></span>\n"
    "<label><input type=\"checkbox\" id=\"faint\"> all messages</label> &#160; arrow keys step, page keys leap</div>\n"
    "<div id=\"main\"><svg id=\"s\" viewBox=\"0 0 1000 760\"></svg><div id=\"side\"><table id=\"t\"></table><div id=\"log\"></div></div></div>\n";

/* A step is [time, kind, who, text, sent, from, main, view, height, sign]: kind 0 a mark, 1 a change of a server, 2 a message, 3 a lost one; times in us. */
static const char script[] =
    "const $=i=>document.getElementById(i),W=28;let at=0,L=steps;\n"
    "function pick(){const t=L[at]?L[at][0]:0;L=$('faint').checked?steps:steps.filter(e=>e[1]<2||e[6]||e[1]==3);at=Math.max(0,L.findIndex(e=>e[0]>=t));$('at').max=Math.max(0,L.length-1);draw()}\n"
    "function state(){const r=[];for(let i=0;i<members;i++)r.push({view:0,voted:0,done:0,up:'up'});for(let i=0;i<=at&&i<L.length;i++){const e=L[i],m=r[e[2]];if(!m)continue;\n"
    "if(e[1]==0){if('ETO'.includes(e[9]))m.view=Math.max(m.view,e[7]);if(e[9]=='V')m.voted=e[8];if(e[9]=='C')m.done=Math.max(m.done,e[8])}if(e[1]==1)m.up=e[9]}return r}\n"
    "function el(n,a,t){const e=document.createElementNS('http://www.w3.org/2000/svg',n);for(const k in a)e.setAttribute(k,a[k]);if(t)e.textContent=t;$('s').append(e);return e}\n"
    "function ms(t){return (t/1000).toFixed(3)+' ms'}\n"
    "function draw(){const s=$('s');s.replaceChildren();const a=Math.max(0,at-W+6),win=L.slice(a,a+W),col=880/members,x=m=>100+col*m+col/2,y=i=>40+i*25,r=state();\n"
    "for(let m=0;m<members;m++){el('text',{x:x(m),y:16,'text-anchor':'middle'},'r'+m);el('line',{x1:x(m),x2:x(m),y1:24,y2:750,class:r[m].up=='up'?'up':'down'})}\n"
    "win.forEach((e,i)=>{const Y=y(i);if(a+i==at)el('rect',{x:0,y:Y-12,width:1000,height:24,fill:'#fff3c4'});el('text',{x:4,y:Y+3,fill:'#777'},ms(e[0]));\n"
    "if(e[1]>1){let j=win.findIndex(o=>o[0]>=e[4]);const Y1=a>0&&L[a][0]>e[4]?24:y(Math.max(0,Math.min(j,i)))-8,x1=x(e[5]),x2=e[1]==3?(x(e[5])+x(e[2]))/2:x(e[2]);\n"
    "el('path',{d:`M${x1} ${Y1}L${x2} ${Y}`,class:e[1]==3?'lost':e[6]?'main':'faint',fill:'none'});el('circle',{cx:x2,cy:Y,r:3,fill:e[1]==3?'#d33':'#1f6fb5'});el('text',{x:x2+6,y:Y-3},e[3])}\n"
    "else{el('circle',{cx:x(e[2]),cy:Y,r:9,fill:e[1]?'#fbdcd2':'#fff',stroke:'#333'});el('text',{x:x(e[2]),y:Y+3,'text-anchor':'middle'},e[1]?'':e[9]);el('text',{x:x(e[2])+13,y:Y+3},e[3])}});\n"
    "$('t').innerHTML='<tr><th></th><th>view</th><th>voted</th><th>committed</th><th></th></tr>'+r.map((m,i)=>`<tr><th>r${i}</th><td>${m.view}</td><td>${m.voted}</td><td>${m.done}</td><td>${m.up}</td></tr>`).join('');\n"
    "$('log').replaceChildren(...win.map((e,i)=>{const d=document.createElement('div');d.textContent=ms(e[0])+'  r'+e[2]+'  '+(e[1]>1?(e[1]==3?'never gets ':'gets ')+e[3]+' from r'+e[5]:e[3]);if(a+i==at)d.className='now';return d}));\n"
    "$('at').value=at;$('when').textContent=L.length?`${at+1} of ${L.length}, ${ms(L[at][0])}`:'nothing'}\n"
    "function go(n){at=Math.min(Math.max(0,n),Math.max(0,L.length-1));draw()}\n"
    "$('back').onclick=()=>go(at-1);$('next').onclick=()=>go(at+1);$('at').oninput=e=>go(+e.target.value);$('faint').onchange=pick;\n"
    "onkeydown=e=>{const d={ArrowRight:1,ArrowDown:1,ArrowLeft:-1,ArrowUp:-1,PageDown:20,PageUp:-20}[e.key];if(d){e.preventDefault();go(at+d)}};pick();\n";

static void put_text(FILE *stream, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '<' || *text == '&' || *text == '>') {
            fprintf(stream, "&#%d;", *text);
        } else {
            fputc(*text, stream);
        }
    }
}

static void put_message(const struct track_step *step, FILE *stream)
{
    fprintf(stream, "[%llu,%d,%u,\"%s %llu.%llu\",%llu,%u,%d,%llu,%llu,\"\"],\n", (unsigned long long)(step->now_ns / 1000), step->kind == TRACK_LOST ? 3 : 2, step->to,
            message_word(step->type), (unsigned long long)step->view, (unsigned long long)step->height, (unsigned long long)(step->sent_ns / 1000), step->from,
            diagram_is_main(step->type), (unsigned long long)step->view, (unsigned long long)step->height);
}

static void put_mark(const struct record_event *event, FILE *stream)
{
    enum mark mark = (enum mark)(event->a & 0xffff);
    const char *sign = diagram_sign(mark);
    unsigned long long view = event->b >> 32, height = event->b & 0xffffffff;

    fprintf(stream, "[%llu,0,%llu,\"%s %llu.%llu\",0,0,1,%llu,%llu,\"%s\"],\n", (unsigned long long)(event->now_ns / 1000), (unsigned long long)(event->a >> 16), mark_word(mark),
            view, height, view, height, sign == NULL ? "" : sign);
}

static void put_change(const struct record_event *event, FILE *stream)
{
    static const char *const words[] = { [WORLD_CHANGE_CRASH] = "killed", [WORLD_CHANGE_POWER] = "no power", [WORLD_CHANGE_START] = "up", [WORLD_CHANGE_PAUSE] = "paused",
        [WORLD_CHANGE_RESUME] = "up", [WORLD_CHANGE_DRAIN] = "stopping", [WORLD_CHANGE_CUT] = NULL, [WORLD_CHANGE_END] = "down" };
    uint64_t change = event->a >> 32;
    const char *word = change < sizeof words / sizeof words[0] ? words[change] : NULL;

    if (word != NULL) {
        fprintf(stream, "[%llu,1,%llu,\"%s\",0,0,1,0,0,\"%s\"],\n", (unsigned long long)(event->now_ns / 1000), (unsigned long long)(event->a & 0xffffffff), word, word);
    }
}

bool diagram_page(const struct track *track, FILE *stream)
{
    ASSERT(track->members_count > 0);
    fputs(head, stream);
    fputs("<h1>", stream);
    put_text(stream, track->title);
    fprintf(stream, "</h1>\n%s<script>\nconst members=%u,steps=[\n", body, track->members_count);
    for (size_t i = 0; i < track->count; i++) {
        const struct track_step *step = &track->steps[i];
        if (step->kind != TRACK_EVENT) {
            put_message(step, stream);
        } else if (step->event.topic == WORLD_TOPIC_MARK) {
            put_mark(&step->event, stream);
        } else if (step->event.topic == WORLD_TOPIC_STATE) {
            put_change(&step->event, stream);
        }
    }
    fprintf(stream, "];\n%s</script></html>\n", script);
    return fflush(stream) == 0 && !ferror(stream);
}
