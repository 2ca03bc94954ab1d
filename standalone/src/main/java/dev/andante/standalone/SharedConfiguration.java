package dev.andante.standalone;

import dev.andante.host.ModelHostConfiguration;
import dev.andante.service.metrics.MetricsConfiguration;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** What the roles of one JVM share: one model, one pool of compute threads, one set of metrics. */
@Configuration(proxyBeanMethods = false)
@Import({ModelHostConfiguration.class, MetricsConfiguration.class})
class SharedConfiguration {}
