// The whole: cache, event link, who is signed in, and the page for the address.
import { type QueryClient, QueryClientProvider, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import sign from '@/icon.svg';
import { afterPaint } from '@/ui/afterPaint';
import { Toaster } from '@/ui/Toaster';
import { Address } from './address';
import { Routes } from './routes';

export function App({ client }: { client: QueryClient }) {
  return (
    <QueryClientProvider client={client}>
      <Address>
        <Routes />
      </Address>
      <Toaster />
      <ClearOnRestore />
      <TabSign />
    </QueryClientProvider>
  );
}

/** In the browser's tab. An SVG one is read as a document of its own, which the first screen does without. */
function TabSign() {
  useEffect(() => afterPaint(() => document.querySelector('link[rel="icon"]')?.setAttribute('href', sign)), []);
  return null;
}

/** A page taken out of the browser's back-forward cache has missed what happened meanwhile. */
function ClearOnRestore() {
  const client = useQueryClient();
  useEffect(() => {
    const restored = (event: PageTransitionEvent) => event.persisted && void client.invalidateQueries();
    addEventListener('pageshow', restored);
    return () => removeEventListener('pageshow', restored);
  }, [client]);
  return null;
}
