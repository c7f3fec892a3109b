/** What nginx answers by itself, as HTML for those that accept it and as plain text for the others. */

/** Every server includes it, by this name beside the configuration: the pages, and what is tried before one is shown. */
export const PAGES_FILE = 'pages.conf';

/** The http block's part: texts by status, and which answers get a page. */
export function pageMaps(): string {
  return `
  map $http_accept $autoserve_format {
    default     text;
    ~*text/html html;
  }
  # $autoserve_app is a name out of the configuration; nothing that a client sends is ever shown.
  map "$status:$autoserve_app" $autoserve_message {
    404:     "No application is served here.";
    413:     "The request is larger than this server takes.";
    ~^413:.  "The request is larger than this server takes.";
    ~^502:.  "Application $autoserve_app did not answer: the connection to its instance failed.";
    ~^503:.  "Application $autoserve_app has no instance that is ready.";
    ~^504:.  "Application $autoserve_app did not answer in time.";
    default  "The server is starting.";
  }
  map $status $autoserve_retry_after {
    default "";
    503     2;
  }
  # How a request ended that is not to be sent again. One may be that reached no instance, or one that may be sent twice
  # and reached but one.
  map "$upstream_connect_time|$request_method|$upstream_status" $autoserve_given_up {
    "~^[^0-9|]*[|]"                               "";
    "~^[0-9.]+(, -)+[|]"                          "";
    "~^(-, )+[0-9.]+[|](?!POST[|]|LOCK[|]|PATCH[|])" "";
    ~504$                                         504;
    default                                       502;
  }
  error_page 404 413 503 @page_$autoserve_format;
  error_page 502 504 = @unreached;
  recursive_error_pages on;`;
}

/**
 * Instances that have died a moment ago fail faster than others answer, so that `least_conn` gives them every request
 * first: a request that could not be connected is taken to more of them. To so many only, for it may be one that makes
 * instances die.
 */
const MORE_TRIES = 5;
const UNREACHED = `location @unreached {
  error_page 502 504 @page_$autoserve_format;
  if ($autoserve_given_up = 502) { return 502; }
  if ($autoserve_given_up = 504) { return 504; }
  proxy_next_upstream_tries ${MORE_TRIES};
  proxy_pass http://app_$autoserve_app;
}
`;

/** What `PAGES_FILE` holds. nginx keeps the status with which it came here, not the one that `return` names. */
export const PAGES = [UNREACHED, ...['text', 'html'].map(page)].join('');

function page(format: string): string {
  const body =
    format === 'html'
      ? '<!doctype html><meta charset=utf-8><title>$status</title><h1>$status</h1><p>$autoserve_message</p>'
      : '$status $autoserve_message';
  return `location @page_${format} {
  default_type ${format === 'html' ? 'text/html' : 'text/plain'};
  add_header Retry-After $autoserve_retry_after always;
  add_header Cache-Control no-store always;
  add_header Connection $autoserve_connection_end always;
  return 503 "${body}\\n";
}
`;
}
