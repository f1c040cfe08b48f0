/**
 * The API's types, in the form that openapi-typescript gives them: `paths` for the client, `components` for the rest.
 * Written by hand until docs/openapi.json is there; `npm run types` replaces it. Import from `api/types`, not from here.
 */
type Json<T> = { headers: Record<string, unknown>; content: { 'application/json': T } };
type Empty = { headers: Record<string, unknown>; content?: never };
type Problem = { headers: Record<string, unknown>; content: { 'application/problem+json': components['schemas']['Problem'] } };
type Page<T> = { items: T[]; next_cursor: string | null };
type Items<T> = { items: T[] };
type S = components['schemas'];
type Paging = { limit?: number; cursor?: string };
type Params<Q, P, H = never> = {
  query?: Q;
  header?: H;
  path: P;
  cookie?: never;
};
type NoPath<Q = never, H = never> = { query?: Q; header?: H; path?: never; cookie?: never };
type Id = { id: string };
type IfMatch = { 'If-Match'?: string };
type Idempotent = { 'Idempotency-Key'?: string };
type Op<P, B, R> = {
  parameters: P;
  requestBody: B extends undefined ? undefined : { content: { 'application/json': B } };
  responses: R & { default: Problem };
};
type Read<P, T> = { parameters: P; requestBody?: never; responses: { 200: Json<T>; default: Problem } };
type Act<P, R> = { parameters: P; requestBody?: never; responses: R & { default: Problem } };

export interface paths {
  '/setup': {
    get: Read<NoPath, S['Setup']>;
    post: Op<NoPath, S['SetupInput'], { 200: Json<S['User']>; 201: Json<S['User']> }>;
  };
  '/session': {
    post: Op<NoPath, { email: string; password: string }, { 201: Json<S['Me']> }>;
    delete: Act<NoPath, { 204: Empty }>;
  };
  '/sign-up': {
    post: Op<NoPath, { email: string; name: string; password: string }, { 201: Json<S['Me']> }>;
  };
  '/me': {
    get: Read<NoPath, S['Me']>;
    patch: Op<NoPath, S['MePatch'], { 200: Json<S['Me']> }>;
  };
  '/me/confirm': { post: Op<NoPath, { password: string }, { 204: Empty }> };
  '/me/sessions': { get: Read<NoPath<Paging>, Page<S['Session']>> };
  '/me/sessions/{id}': { delete: Act<Params<never, Id>, { 204: Empty }> };
  '/users': {
    get: Read<NoPath<Paging>, Page<S['User']>>;
    post: Op<NoPath<never, Idempotent>, S['UserInput'], { 201: Json<S['User']> }>;
  };
  '/users/{id}': {
    get: Read<Params<never, Id>, S['User']>;
    patch: Op<Params<never, Id, IfMatch>, Partial<S['UserInput']> & { disabled?: boolean }, { 200: Json<S['User']> }>;
    delete: Act<Params<never, Id>, { 204: Empty }>;
  };
  '/users/{id}/reset-link': {
    post: Act<Params<never, Id>, { 200: Json<{ link: string; expires_at: string }> }>;
  };
  '/tokens': {
    get: Read<NoPath<Paging>, Page<S['Token']>>;
    post: Op<NoPath<never, Idempotent>, S['TokenInput'], { 201: Json<S['Token'] & { secret: string }> }>;
  };
  '/tokens/{id}': { delete: Act<Params<never, Id>, { 204: Empty }> };
  '/projects': {
    get: Read<NoPath<Paging>, Page<S['Project']>>;
    post: Op<NoPath<never, Idempotent>, S['ProjectInput'], { 201: Json<S['Project'] & { stream_key: string | null }> }>;
  };
  '/projects/{id}': {
    get: Read<Params<never, Id>, S['Project']>;
    patch: Op<Params<never, Id, IfMatch>, S['ProjectPatch'], { 200: Json<S['Project']> }>;
    delete: Act<Params<never, Id, IfMatch>, { 204: Empty }>;
  };
  '/projects/{id}/start': { post: Act<Params<never, Id>, { 200: Json<S['Project']> }> };
  '/projects/{id}/stop': { post: Act<Params<never, Id>, { 200: Json<S['Project']> }> };
  '/projects/{id}/stream-keys': {
    get: Read<Params<Paging, Id>, Page<S['StreamKey']>>;
    post: Op<Params<never, Id, Idempotent>, { name: string }, { 201: Json<S['StreamKey'] & { key: string }> }>;
  };
  '/stream-keys/{id}': {
    patch: Op<
      Params<never, Id, IfMatch>,
      { name?: string; disabled?: boolean; expires_at?: string | null },
      { 200: Json<S['StreamKey']> }
    >;
    delete: Act<Params<never, Id, IfMatch>, { 204: Empty }>;
  };
  '/stream-keys/{id}/rotate': {
    post: Op<Params<never, Id, Idempotent>, { overlap_s: number }, { 201: Json<S['StreamKey'] & { key: string }> }>;
  };
  '/stream-keys/{id}/reveal': { post: Act<Params<never, Id>, { 200: Json<{ key: string }> }> };
  '/projects/{id}/destinations': {
    get: Read<Params<Paging, Id>, Page<S['Destination']>>;
    post: Op<Params<never, Id, Idempotent>, S['DestinationInput'], { 201: Json<S['Destination']> }>;
  };
  '/projects/{id}/destinations/order': {
    put: Op<Params<never, Id>, { ids: string[] }, { 204: Empty }>;
  };
  '/destinations/{id}': {
    get: Read<Params<never, Id>, S['Destination']>;
    patch: Op<Params<never, Id, IfMatch>, Partial<S['DestinationInput']>, { 200: Json<S['Destination']> }>;
    delete: Act<Params<never, Id, IfMatch>, { 204: Empty }>;
  };
  '/destinations/{id}/start': { post: Act<Params<never, Id>, { 200: Json<S['Destination']> }> };
  '/destinations/{id}/stop': { post: Act<Params<never, Id>, { 200: Json<S['Destination']> }> };
  '/destinations/{id}/retry': { post: Act<Params<never, Id>, { 200: Json<S['Destination']> }> };
  '/destinations/{id}/test': {
    get: Read<Params<never, Id>, S['DestinationTest']>;
    post: Op<Params<never, Id>, { publish?: boolean }, { 202: Json<{ test_id: string }> }>;
  };
  '/destinations/{id}/stats': {
    get: Read<Params<{ window_s?: number }, Id>, { step_s: number; samples: S['OutputSample'][] }>;
  };
  '/projects/{id}/outputs': { get: Read<Params<never, Id>, Items<S['Output']>> };
  '/platforms': { get: Read<NoPath, Items<S['Platform']>> };
  '/projects/{id}/streams': { get: Read<Params<Paging, Id>, Page<S['Broadcast']>> };
  '/streams/{id}': { get: Read<Params<never, Id>, S['Broadcast']> };
  '/streams/{id}/end': { post: Act<Params<never, Id>, { 200: Json<S['Broadcast']> }> };
  '/streams/{id}/health': { get: Read<Params<never, Id>, S['Health']> };
  '/streams/{id}/stats': {
    get: Read<Params<{ step_s?: number }, Id>, { step_s: number; samples: S['Figures'][] }>;
  };
  '/streams/{id}/events': { get: Read<Params<Paging, Id>, Page<S['Event']>> };
  '/streams/{id}/outputs': { get: Read<Params<never, Id>, Items<S['Output']>> };
  '/streams/{id}/report': { get: Read<Params<never, Id>, S['Report']> };
  '/projects/{id}/playback': { get: Read<Params<never, Id>, S['Playback']> };
  '/projects/{id}/ingest': { get: Read<Params<never, Id>, S['Ingest']> };
  '/ingest/connections': { get: Read<NoPath, Items<S['Connection']>> };
  '/ingest/connections/{id}': { delete: Act<Params<never, Id>, { 204: Empty }> };
  '/viewers/sessions': { get: Read<NoPath<{ project_id?: string }>, Items<S['Viewers']>> };
  '/webhooks': {
    get: Read<NoPath<Paging>, Page<S['Webhook']>>;
    post: Op<NoPath<never, Idempotent>, S['WebhookInput'], { 201: Json<S['Webhook'] & { secret: string }> }>;
  };
  '/webhooks/{id}': {
    patch: Op<Params<never, Id, IfMatch>, Partial<S['WebhookInput']>, { 200: Json<S['Webhook']> }>;
    delete: Act<Params<never, Id, IfMatch>, { 204: Empty }>;
  };
  '/webhooks/{id}/test': { post: Act<Params<never, Id>, { 202: Json<{ delivery_id: string }> }> };
  '/webhooks/{id}/deliveries': { get: Read<Params<Paging, Id>, Page<S['Delivery']>> };
  '/webhooks/{id}/deliveries/{delivery_id}/redeliver': {
    post: Act<Params<never, { id: string; delivery_id: string }>, { 202: Empty }>;
  };
  '/events': {
    get: Read<
      NoPath<Paging & { project_id?: string; stream_id?: string; type?: string }>,
      Page<S['Event']>
    >;
  };
  '/system': { get: Read<NoPath, S['System']> };
  '/system/nodes': { get: Read<NoPath, Items<S['Node']>> };
  '/system/checks': { get: Read<NoPath, Items<S['Check']>> };
  '/projects/{id}/test-pattern': {
    post: Op<Params<never, Id>, Record<string, never>, { 200: Json<{ publishing: boolean }> }>;
    delete: Act<Params<never, Id>, { 204: Empty }>;
  };
  '/projects/{id}/practice-destination': { post: Act<Params<never, Id>, { 201: Json<S['Destination']> }> };
}

export interface components {
  schemas: {
    Problem: {
      type: string;
      title: string;
      status: number;
      detail?: string;
      instance?: string;
      code: string;
      request_id?: string;
      errors?: { pointer: string; detail: string }[];
    };
    Setup: {
      needed: boolean;
      password_rule: { min_length: number; max_length: number };
      sign_up: boolean;
      oidc: { name: string } | null;
    };
    SetupInput: { link: string; email?: string; name?: string; password: string };
    Role: 'admin' | 'operator' | 'viewer';
    User: {
      id: string;
      email: string;
      name: string;
      role: components['schemas']['Role'];
      disabled: boolean;
      oidc: boolean;
      created_at: string;
      updated_at: string;
    };
    UserInput: { email: string; name: string; role: components['schemas']['Role']; password?: string };
    Me: {
      user: components['schemas']['User'];
      via: 'session' | 'token';
      scopes: string[];
      password_confirmed_at: string | null;
    };
    MePatch: { name?: string; email?: string; password?: string; current_password?: string };
    Session: {
      id: string;
      created_at: string;
      last_seen_at: string;
      expires_at: string;
      address: string | null;
      user_agent: string | null;
      current: boolean;
    };
    Token: {
      id: string;
      name: string;
      hint: string;
      scopes: string[];
      created_at: string;
      expires_at: string | null;
      last_used_at: string | null;
    };
    TokenInput: { name: string; scopes: string[]; expires_at?: string | null };
    IngestState: 'waiting' | 'starting' | 'live' | 'interrupted' | 'ended';
    Project: {
      id: string;
      name: string;
      playback_id: string;
      declared: boolean;
      running: boolean;
      hold_s: number | null;
      created_at: string;
      updated_at: string;
      revision: number;
      live: components['schemas']['Live'];
    };
    Live: {
      state: components['schemas']['IngestState'];
      since: string | null;
      hold_ends_at: string | null;
      broadcast_id: string | null;
      bitrate_bits: number;
      viewers: number;
      players: number;
      outputs: { sending: number; retrying: number; failed: number; total: number };
      issues: { error: number; warning: number };
    };
    ProjectInput: { name: string; playback_id?: string; hold_s?: number | null };
    ProjectPatch: { name?: string; hold_s?: number | null };
    StreamKey: {
      id: string;
      project_id: string;
      name: string;
      key_hint: string;
      disabled: boolean;
      expires_at: string | null;
      last_used_at: string | null;
      created_at: string;
      updated_at: string;
      revision: number;
    };
    OutputState: 'disabled' | 'idle' | 'connecting' | 'sending' | 'retrying' | 'failed' | 'stopping';
    Output: {
      destination_id: string;
      state: components['schemas']['OutputState'];
      reason: string | null;
      severity: 'ok' | 'info' | 'warning' | 'error';
      title: string;
      what_to_do: string | null;
      detail: string | null;
      since: string | null;
      attempt: number | null;
      next_retry_at: string | null;
      sent_bytes: number;
      bitrate_bits: number;
      lag_ms: number;
      rtt_ms: number | null;
      dropped_frames: number;
      reconnects: number;
    };
    OutputSample: { at: string; bitrate_bits: number; lag_ms: number; rtt_ms: number | null; dropped_frames: number };
    Limits: { bitrate_max_bits?: number; keyframe_max_s?: number };
    Destination: {
      id: string;
      project_id: string;
      name: string;
      platform: string;
      url: string;
      key_hint: string | null;
      enabled: boolean;
      insecure: boolean;
      chunk_size: number | null;
      codecs: string[] | null;
      video_track: number | null;
      audio_track: number | null;
      limits: components['schemas']['Limits'] | null;
      position: number;
      created_at: string;
      updated_at: string;
      revision: number;
      output: components['schemas']['Output'];
    };
    DestinationInput: {
      name: string;
      platform: string;
      url: string;
      stream_key?: string | null;
      enabled?: boolean;
      insecure?: boolean;
      chunk_size?: number | null;
      codecs?: string[] | null;
      video_track?: number | null;
      audio_track?: number | null;
      limits?: components['schemas']['Limits'] | null;
    };
    TestStep: {
      step: 'address' | 'dns' | 'tcp' | 'tls' | 'handshake' | 'connect' | 'publish';
      state: 'pending' | 'running' | 'ok' | 'failed' | 'skipped';
      took_ms: number | null;
      detail: string | null;
      what_to_do: string | null;
    };
    DestinationTest: {
      id: string;
      started_at: string;
      finished_at: string | null;
      ok: boolean | null;
      steps: components['schemas']['TestStep'][];
    };
    Platform: {
      id: string;
      name: string;
      url: string | null;
      url_is_personal: boolean;
      key_page: string | null;
      key_expires: boolean;
      codecs: string[];
      bitrate_max_bits: number | null;
      audio_bitrate_max_bits: number | null;
      keyframe_max_s: number | null;
      note: string | null;
    };
    Broadcast: {
      id: string;
      project_id: string;
      node: string | null;
      started_at: string;
      ended_at: string | null;
      end_reason: string | null;
      encoder: string | { software?: string; from?: string; secure?: boolean } | null;
      live: boolean;
    };
    Issue: {
      code: string;
      severity: 'info' | 'warning' | 'error';
      title: string;
      what_to_do?: string | null;
      detail?: string | null;
      since?: string;
      destination_id?: string | null;
      destination_name?: string | null;
      /** In a report: how often, and for how long in all. */
      times?: number;
      seconds?: number;
    };
    Figures: {
      at: string;
      bitrate_bits: number | null;
      video_bits: number | null;
      audio_bits: number | null;
      fps: number | null;
      keyframe_interval_s: number | null;
      width: number | null;
      height: number | null;
      video_codec: string | null;
      audio_codec: string | null;
      sample_rate: number | null;
      channels: number | null;
      skew_ms: number | null;
      drift_ms: number | null;
      missing_frames: number | null;
      gaps: number | null;
      connected_s: number | null;
    };
    Health: {
      status: 'good' | 'ok' | 'warning' | 'bad' | 'no_data';
      issues: components['schemas']['Issue'][];
      figures: components['schemas']['Figures'] | null;
    };
    Report: {
      broadcast: components['schemas']['Broadcast'];
      project: { id: string; name: string };
      duration_s: number;
      issues: components['schemas']['Issue'][];
      outputs: components['schemas']['ReportOutput'][];
      events: components['schemas']['Event'][];
    };
    ReportOutput: {
      destination_id: string;
      name?: string;
      state?: string;
      reason?: string | null;
      sent_bytes?: number;
      dropped_frames?: number;
      reconnects?: number;
    };
    Playback: {
      playback_id: string;
      hls_url: string;
      watch_url: string;
      rtmp_url: string | null;
      ready: boolean;
      token_required: boolean;
      token: string | null;
    };
    Ingest: {
      /** What goes into an encoder's "Server" field. */
      rtmp: { server: string; label: string }[];
      /** The same over TLS. */
      rtmps: { server: string; label: string }[];
      publish_user_needed: boolean;
      connected: boolean;
      last_used_at: string | null;
    };
    Connection: {
      id: string;
      project_id: string | null;
      stream_id: string | null;
      remote: string;
      encoder: string | null;
      since: string;
      received_bytes: number;
      bitrate_bits: number;
      tls: boolean;
    };
    Viewers: { project_id: string; hls: number; rtmp: number };
    Webhook: {
      id: string;
      project_id: string | null;
      url: string;
      events: string[];
      secret_hint: string;
      enabled: boolean;
      failures: number;
      created_at: string;
      updated_at: string;
      revision: number;
    };
    WebhookInput: { url: string; events: string[]; project_id?: string | null; enabled?: boolean };
    Delivery: {
      id: string;
      event_id: string;
      status: string;
      attempt: number;
      next_at: string | null;
      response_code: number | null;
      error: string | null;
      created_at: string;
    };
    Event: {
      id: string;
      type: string;
      time: string;
      project_id: string | null;
      stream_id: string | null;
      data: Record<string, unknown>;
    };
    Stats: {
      project_id: string;
      figures: components['schemas']['Figures'];
      outputs: {
        destination_id: string;
        bitrate_bits: number;
        lag_ms: number;
        sent_bytes: number;
        dropped_frames: number;
        state?: components['schemas']['OutputState'];
      }[];
      viewers: number;
    };
    System: {
      version: string;
      node_id: string;
      started_at: string;
      uptime_s: number;
      phase: string;
      memory_bytes: number | null;
      cpu_percent?: number | null;
      disk_free_bytes?: number | null;
      database: { kind: string; open: number; idle: number; max: number };
      projects: number;
      streams_live: number;
      publishers: number;
      players: number;
      hls_viewers: number;
      outputs_sending: number;
    };
    Node: { id: string; started_at: string; version: string; live_streams: number; self: boolean; roles: string[] };
    Check: { id: string; title: string; state: 'ok' | 'warn' | 'fail'; detail: string; what_to_do: string | null };
  };
}
