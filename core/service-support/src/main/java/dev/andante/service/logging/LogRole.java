package dev.andante.service.logging;

import java.util.concurrent.ThreadFactory;
import org.slf4j.MDC;

/**
 * The role on whose behalf a thread works, in the logs of a JVM with several: code that roles share
 * cannot be told apart by its logger.
 */
public final class LogRole {

  /** Key of the logging context. */
  public static final String MDC_KEY = "role";

  private LogRole() {}

  /** Runs {@code body} with the role in the logs of this thread. */
  public static void run(String role, Runnable body) {
    String before = MDC.get(MDC_KEY);
    MDC.put(MDC_KEY, role);
    try {
      body.run();
    } finally {
      if (before == null) {
        MDC.remove(MDC_KEY);
      } else {
        MDC.put(MDC_KEY, before);
      }
    }
  }

  /** Threads that work for the role only. */
  public static ThreadFactory threads(String role, ThreadFactory threads) {
    return body -> threads.newThread(() -> run(role, body));
  }
}
