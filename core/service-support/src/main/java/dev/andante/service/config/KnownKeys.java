package dev.andante.service.config;

import java.util.Set;
import java.util.TreeSet;
import org.springframework.boot.context.event.ApplicationPreparedEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.StandardEnvironment;

/**
 * Refuses to start with an {@code andante.*} key outside the groups that exist, so that a misspelt
 * group is an error like a misspelt key inside one. Environment variables are left alone: other
 * programs use that prefix too.
 */
public final class KnownKeys implements ApplicationListener<ApplicationPreparedEvent> {

  private static final String PREFIX = "andante.";

  /** Every group of the product: one JVM may hold several roles and pass all their keys to each. */
  private static final Set<String> GROUPS =
      Set.of(
          "grpc",
          "drain",
          "model",
          "compute",
          "engine",
          "prefill",
          "decode",
          "draft",
          "expert",
          "gateway",
          "standalone");

  @Override
  public void onApplicationEvent(ApplicationPreparedEvent event) {
    Set<String> unknown = unknownKeys(event.getApplicationContext().getEnvironment());
    if (!unknown.isEmpty()) {
      throw new UnknownKeysException(unknown, GROUPS);
    }
  }

  static Set<String> unknownKeys(ConfigurableEnvironment environment) {
    Set<String> unknown = new TreeSet<>();
    environment.getPropertySources().stream()
        .filter(EnumerablePropertySource.class::isInstance)
        .filter(
            source ->
                !source
                    .getName()
                    .startsWith(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME))
        .flatMap(
            source -> Set.of(((EnumerablePropertySource<?>) source).getPropertyNames()).stream())
        .filter(name -> name.startsWith(PREFIX) && !name.equals("andante.root"))
        .filter(name -> !GROUPS.contains(group(name)))
        .forEach(unknown::add);
    return unknown;
  }

  private static String group(String name) {
    String rest = name.substring(PREFIX.length());
    int end = 0;
    while (end < rest.length() && rest.charAt(end) != '.' && rest.charAt(end) != '[') {
      end++;
    }
    return rest.substring(0, end);
  }
}
