// The dashboard's entry.
import { setNonce } from 'get-nonce';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError } from './api/client';
import { App } from './app/App';
import { early } from './app/early';
import { applyPreferences } from './app/preferences';
import { makeQueryClient } from './app/queryClient';
import './styles/index.css';

// Dialogs lock the page's scroll with a <style> of their own, which the policy allows with this answer's nonce only.
const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
if (nonce) setNonce(nonce);

applyPreferences();
const client = makeQueryClient();
const ready = early(client, location.pathname);
const root = document.getElementById('root');
if (root) {
  // What the server refused is shown where it happened; the console is for what is our fault.
  const onCaughtError = (error: unknown) => {
    if (!(error instanceof ApiError)) console.error(error);
  };
  const app = createRoot(root, { onCaughtError });
  void ready.then(() =>
    app.render(
      <StrictMode>
        <App client={client} />
      </StrictMode>,
    ),
  );
}
