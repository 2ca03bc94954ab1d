package dev.andante.gateway;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/** All that is logged, by whomever, at the levels the product logs, while this is open. */
final class CapturedLogs implements AutoCloseable {

  /** A line and its trace, if it has one. */
  record Line(Level level, String text, String trace, Map<String, String> mdc) {}

  private final List<Line> lines = new CopyOnWriteArrayList<>();
  private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          IThrowableProxy thrown = event.getThrowableProxy();
          lines.add(
              new Line(
                  event.getLevel(),
                  event.getFormattedMessage(),
                  thrown == null ? "" : ThrowableProxyUtil.asString(thrown),
                  Map.copyOf(event.getMDCPropertyMap())));
        }
      };

  /** Open it after the gateway has started: that sets logging up anew. */
  CapturedLogs() {
    appender.setContext(root.getLoggerContext());
    appender.start();
    root.addAppender(appender);
  }

  List<Line> lines() {
    return List.copyOf(lines);
  }

  /** Lines above INFO, and lines with a trace. */
  List<Line> complaints() {
    return lines.stream()
        .filter(line -> line.level().isGreaterOrEqual(Level.WARN) || !line.trace().isEmpty())
        .toList();
  }

  boolean mentions(String text) {
    return lines.stream()
        .anyMatch(line -> line.text().contains(text) || line.trace().contains(text));
  }

  @Override
  public void close() {
    root.detachAppender(appender);
  }
}
