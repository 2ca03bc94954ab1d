{{- define "andante.fullname" -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "andante.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "andante.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- /* What chooses the pods of a component: context, component. */}}
{{- define "andante.selector" -}}
app.kubernetes.io/name: {{ include "andante.name" .context }}
app.kubernetes.io/instance: {{ .context.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- /* Labels of an object of a component: context, component. */}}
{{- define "andante.labels" -}}
{{ include "andante.selector" . }}
app.kubernetes.io/version: {{ .context.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .context.Release.Service }}
app.kubernetes.io/part-of: andante
helm.sh/chart: {{ .context.Chart.Name }}-{{ .context.Chart.Version }}
{{- with .context.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "andante.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (printf "%s-gateway" (include "andante.fullname" .)) }}
{{- else }}{{ .Values.serviceAccount.name | default "default" }}{{ end }}
{{- end }}

{{- /*
All workloads, as JSON {items: [{name, role, component, shard}]}: one a role, and one a shard of the experts.
*/}}
{{- define "andante.workloads" -}}
{{- $full := include "andante.fullname" . }}
{{- $items := list }}
{{- range $role := list "gateway" "prefill" "decode" }}
{{- $items = append $items (dict "name" (printf "%s-%s" $full $role) "role" $role "component" $role "shard" 0) }}
{{- end }}
{{- if .Values.draft.enabled }}
{{- $items = append $items (dict "name" (printf "%s-draft" $full) "role" "draft" "component" "draft" "shard" 0) }}
{{- end }}
{{- if .Values.expert.enabled }}
{{- range $shard := until (int .Values.expert.shards) }}
{{- $component := printf "expert-%d" $shard }}
{{- $items = append $items (dict "name" (printf "%s-%s" $full $component) "role" "expert" "component" $component "shard" $shard) }}
{{- end }}
{{- end }}
{{- dict "items" $items | toJson }}
{{- end }}

{{- /* Settings of a role that the chart itself knows; the user's config goes over them: context, role, shard. */}}
{{- define "andante.settings" -}}
{{- $v := .context.Values }}
{{- $full := include "andante.fullname" .context }}
{{- $own := index $v .role }}
{{- $drain := sub $own.terminationGracePeriodSeconds (add $v.preStopSeconds 5) }}
{{- $set := dict "server.address" "0.0.0.0" "server.port" 8080 "andante.drain.timeout" (printf "%ds" (max 1 $drain)) }}
{{- if ne .role "gateway" }}
{{- $_ := set $set "andante.grpc.port" 9090 }}
{{- end }}
{{- if eq .role "decode" }}
{{- $_ := set $set "andante.decode.kv-link-port" 9091 }}
{{- end }}
{{- if has .role (list "prefill" "decode" "expert") }}
{{- $_ := set $set "andante.model.path" (printf "%s/%s" $v.model.mountPath $v.model.file) }}
{{- with $v.model.name }}{{ $_ := set $set "andante.model.name" . }}{{ end }}
{{- end }}
{{- if eq .role "gateway" }}
{{- $_ := set $set "andante.gateway.discovery.prefill-service-id" (printf "%s-prefill" $full) }}
{{- $_ := set $set "andante.gateway.discovery.decode-service-id" (printf "%s-decode" $full) }}
{{- $_ := set $set "spring.cloud.kubernetes.discovery.primary-port-name" "grpc" }}
{{- end }}
{{- if and (eq .role "decode") $v.draft.enabled }}
{{- $_ := set $set "andante.decode.draft-address" (printf "dns:///%s-draft:9090" $full) }}
{{- end }}
{{- if and (has .role (list "prefill" "decode")) $v.expert.enabled }}
{{- $addresses := list }}
{{- range $shard := until (int $v.expert.shards) }}
{{- $addresses = append $addresses (printf "dns:///%s-expert-%d:9090" $full $shard) }}
{{- end }}
{{- $_ := set $set (printf "andante.%s.expert-addresses" .role) (join "," $addresses) }}
{{- end }}
{{- if eq .role "expert" }}
{{- $_ := set $set "andante.expert.shards" (int $v.expert.shards) }}
{{- end }}
{{- toYaml (merge (deepCopy $own.config) $set) }}
{{- end }}
