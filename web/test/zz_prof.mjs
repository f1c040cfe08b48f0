import { contextOf, launch, signIn } from './browse.mjs';
const [origin, path] = process.argv.slice(2);
const b = await launch();
for (let i=0;i<4;i++){
const c = await contextOf(b,'dark',{width:1280,height:800}); await signIn(c, origin);
const p = await c.newPage();
await p.addInitScript(() => {
  globalThis.marks=[];
  new MutationObserver((_, o) => { const h=document.querySelector('main h1'); if (h && !globalThis.there) { globalThis.there = performance.now(); }
   if (document.querySelector('.skeleton') && !globalThis.skel) globalThis.skel=performance.now(); }).observe(document, { childList: true, subtree: true });
});
await p.goto(origin+path); await p.waitForFunction(()=>globalThis.there);
await p.waitForTimeout(300);
const r = await p.evaluate(()=>({there:Math.round(there), skel:globalThis.skel&&Math.round(skel), nav:(()=>{const n=performance.getEntriesByType('navigation')[0];return {rs:Math.round(n.responseStart),re:Math.round(n.responseEnd),di:Math.round(n.domInteractive),dcl:Math.round(n.domContentLoadedEventStart)}})(), paint:performance.getEntriesByType('paint').map(e=>e.name+':'+Math.round(e.startTime)), res:performance.getEntriesByType('resource').map(e=>`${e.name.split('/').pop().slice(0,28)} ${Math.round(e.startTime)}-${Math.round(e.responseEnd)}`)}));
if(i==3) console.log(JSON.stringify(r,null,1)); else console.log(r.there, r.skel);
await c.close();
}
await b.close();
